import { constant, operations, scalar, type Tensor } from '@mars/autograd';
import { SIX_BIT_ZERO } from '../pretrained/quantise.ts';
import { layOut, matMul } from './kernels.ts';

const { cast, concat, mul, operator, sub } = operations;

/**
 * Matrices of whole numbers of less than 8 bits. ONNX Runtime unpacks them once, when it loads the file, and gives back
 * little of what it needed for that: so they stay bytes until the last step. (DequantizeLinear would be that step, but what it feeds ONNX Runtime multiplies as
 * integers, in Node and in browsers not alike.)
 */

/**
 * x (…, rows) times what `packSixBits` packed of `QuantisedColumns`, (rows, columns). What comes out is scaled and not the
 * matrix, which is larger.
 */
export function timesSixBits(x: Tensor, packed: Tensor, scale: Tensor): Tensor {
  const [threeQuarters, columns] = packed.shape as number[];
  const quarter = threeQuarters / 3;
  const { lower, higher } = bitsOf(packed, 6);
  const places = bytes([1, 4, 16], [1, 3]);
  const [last] = operator(
    'MatMulInteger',
    [places, layOut(higher, [3, quarter * columns])],
    [[1, quarter * columns]],
  );
  const [asBytes] = operator('Cast', [last], [last.shape], { to: UINT8 });
  const values = concat([lower, layOut(asBytes, [quarter, columns])], 0);
  return mul(matMul(x, sub(cast(values), scalar(SIX_BIT_ZERO))), scale);
}

/** `QuantisedBlocks` as the weights that are meant: (rows, columns). */
export function unpackBlocks(packed: Tensor, multiples: Tensor, scale: Tensor): Tensor {
  const [half, columns] = packed.shape as number[];
  const blocks = Number(multiples.shape[0]);
  const { lower, higher } = bitsOf(packed, 4);
  const values = layOut(concat([lower, higher], 0), [blocks, (2 * half) / blocks, columns]);
  const steps = layOut(mul(cast(multiples), scale), [blocks, 1, columns]);
  return layOut(mul(sub(cast(values), scalar(8)), steps), [2 * half, columns]);
}

/** ONNX's number for the type. */
const UINT8 = 2;

function bytes(values: readonly number[], shape: readonly number[]): Tensor {
  return constant(Uint8Array.from(values), shape);
}

/** Of bytes, the lower bits, so many, and the rest. */
function bitsOf(packed: Tensor, bits: number): { lower: Tensor; higher: Tensor } {
  const [higher] = operator('BitShift', [packed, bytes([bits], [1])], [packed.shape], {
    direction: 'RIGHT',
  });
  const [lower] = operator('Mod', [packed, bytes([2 ** bits], [1])], [packed.shape]);
  return { lower, higher };
}
