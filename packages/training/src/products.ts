import { float32, input, operations, Session, writeGraph } from '@mars/autograd';

/**
 * Products of matrices by ONNX Runtime. Matrices are flat, row by row.
 *
 * @example
 * await using products = await Products.open();
 * await products.times(Float32Array.of(1, 2, 3, 4), Float32Array.of(1, 1), 2); // (2, 2) · (2, 1): 3, 7
 */
export class Products implements AsyncDisposable {
  readonly #plain: Session;
  readonly #byTransposed: Session;

  private constructor(plain: Session, byTransposed: Session) {
    this.#plain = plain;
    this.#byTransposed = byTransposed;
  }

  static async open(threads?: number): Promise<Products> {
    const a = input('a', ['m', 'k']);
    const plain = writeGraph({ product: operations.gemm(a, input('b', ['k', 'n'])) });
    const byTransposed = writeGraph({
      product: operations.gemm(a, input('b', ['n', 'k']), { transB: true }),
    });
    return new Products(
      await Session.create(plain, { threads }),
      await Session.create(byTransposed, { threads }),
    );
  }

  /** (m, inner) · (inner, n) → (m, n) */
  async times(a: Float32Array, b: Float32Array, inner: number): Promise<Float32Array> {
    return multiply(
      this.#plain,
      float32(a, [a.length / inner, inner]),
      float32(b, [inner, b.length / inner]),
    );
  }

  /** (m, inner) · (n, inner)ᵀ → (m, n) */
  async timesTransposed(a: Float32Array, b: Float32Array, inner: number): Promise<Float32Array> {
    return multiply(
      this.#byTransposed,
      float32(a, [a.length / inner, inner]),
      float32(b, [b.length / inner, inner]),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#plain.dispose();
    await this.#byTransposed.dispose();
  }
}

async function multiply(
  session: Session,
  a: ReturnType<typeof float32>,
  b: ReturnType<typeof float32>,
): Promise<Float32Array> {
  const { product } = await session.run({ a, b });
  return product.data as Float32Array;
}

/** (rows, columns) → (columns, rows) */
export function transpose(matrix: Float32Array, columns: number): Float32Array {
  const rows = matrix.length / columns;
  const turned = new Float32Array(matrix.length);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      turned[column * rows + row] = matrix[row * columns + column];
    }
  }
  return turned;
}

/** Those rows of a matrix, in that order. */
export function gatherRows(matrix: Float32Array, indices: readonly number[], width: number): Float32Array {
  const gathered = new Float32Array(indices.length * width);
  for (const [row, index] of indices.entries()) {
    gathered.set(matrix.subarray(index * width, (index + 1) * width), row * width);
  }
  return gathered;
}
