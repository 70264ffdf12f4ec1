// The one file in which Node and the browser differ: this is Node's side, onnxruntime.web.ts the browser's.
import { readFile } from 'node:fs/promises';
import { InferenceSession } from 'onnxruntime-node';

export { Tensor } from 'onnxruntime-node';
export type { InferenceSession } from 'onnxruntime-node';

// Its maker would be sent what runs on which machine, from 1.29 on and unless this is set before the first session
// (https://github.com/microsoft/onnxruntime/pull/27379). A worker thread has an environment of its own, which native code
// does not see: where only such a one loads MARS, it is to be set outside.
process.env['ORT_DISABLE_TELEMETRY'] = '1';

/**
 * Opens an ONNX graph on the CPU.
 * `threads` is explicit because ONNX Runtime would otherwise start one per core of the host, for every session.
 */
export function createSession(
  modelBytes: Uint8Array,
  { threads }: { threads: number },
): Promise<InferenceSession> {
  return InferenceSession.create(modelBytes, {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    // A plan of the memory is kept for every length of the input: of recordings no two are alike, and it would never end.
    enableMemPattern: false,
  });
}

/** The bytes of a file that MARS brings along. */
export function readAsset(url: URL): Promise<Uint8Array> {
  return readFile(url);
}
