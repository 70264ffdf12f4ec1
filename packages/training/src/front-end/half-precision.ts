import { constant, operations, type Tensor } from '@mars/autograd';

/**
 * Weights that take half the room in the file: rounded to 16-bit floats (11 bits, of magnitudes up to 65,504), and turned
 * into 32-bit floats by ONNX Runtime when it loads the file.
 *
 * @example
 * const weight = halfPrecision(Float32Array.of(0.1, 2), [2], 'hidden.weight');
 */
export function halfPrecision(values: Float32Array, shape: readonly number[], name?: string): Tensor {
  return operations.cast(constant(Float16Array.from(values), shape, name));
}
