/** Numbers in rows and columns, row after row; features are [coefficients, frames] as in librosa. */
export interface Matrix {
  readonly data: Float32Array;
  readonly shape: readonly [rows: number, columns: number];
}

/** A complex matrix as its real and imaginary parts, each row after row. */
export interface ComplexMatrix {
  readonly re: Float32Array;
  readonly im: Float32Array;
  readonly shape: readonly [rows: number, columns: number];
}
