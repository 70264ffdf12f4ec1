// The one file in which Node and the browser differ: this is the browser's side, onnxruntime.node.ts Node's.
import { env, InferenceSession } from 'onnxruntime-web/wasm';
import { MarsError } from '../errors.ts';

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
  return InferenceSession.create(modelBytes, {
    executionProviders: ['wasm'],
    // More makes nothing faster on WebAssembly, and takes three times as long to open a model.
    graphOptimizationLevel: 'basic',
    logSeverityLevel: 3,
  });
}

/** The bytes of a file that MARS brings along, which the page's bundler has put beside its scripts. */
export async function readAsset(url: URL): Promise<Uint8Array> {
  const response = await fetch(url);
  if (!response.ok) {
    throw new MarsError(
      'DOWNLOAD_FAILED',
      `${url.href} answered ${response.status}; a file of MARS was expected there. Serve the assets beside the scripts.`,
    );
  }
  return new Uint8Array(await response.arrayBuffer());
}
