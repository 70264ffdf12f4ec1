// The one file in which Node and the browser differ: this is the browser's side, onnxruntime.node.ts Node's.
import { env, InferenceSession } from 'onnxruntime-web/wasm';

export { Tensor } from 'onnxruntime-web/wasm';
export type { InferenceSession } from 'onnxruntime-web/wasm';

/**
 * Opens an ONNX graph on the WebAssembly CPU.
 * One thread needs no cross-origin isolation; more need the COOP and COEP headers on the page.
 * The number is that of the first session: the WebAssembly module starts once per page.
 */
export function createSession(
  modelBytes: Uint8Array,
  { threads }: { threads: number },
): Promise<InferenceSession> {
  env.wasm.numThreads = threads;
  return InferenceSession.create(modelBytes, { executionProviders: ['wasm'], logSeverityLevel: 3 });
}
