/** A mono recording: `samples` in [-1, 1] (a float file may exceed it), `sampleRate` in Hz. */
export interface Audio {
  readonly samples: Float32Array;
  readonly sampleRate: number;
}
