import { operations, scalar, type Tensor } from '@mars/autograd';
import { SIX_BIT_ZERO } from '../pretrained/quantise.ts';
import { layOut } from './kernels.ts';

const { add, cast, concat, div, mul, operator, split, sub } = operations;

/** Matrices of whole numbers of less than 8 bits; ONNX Runtime unpacks them once, when it loads the file. */

/** What `packSixBits` packed of `QuantisedColumns`, as whole numbers around 0, (rows, columns). */
export function unpackSixBits(packed: Tensor): Tensor {
  const quarter = Number(packed.shape[0]) / 3;
  const { lower, higher } = bitsOf(packed, 6);
  const [first, second, third] = split(higher, [quarter, quarter, quarter], 0);
  const last = add(first, mul(add(second, mul(third, scalar(4))), scalar(4)));
  return sub(concat([lower, last], 0), scalar(SIX_BIT_ZERO));
}

/** `QuantisedBlocks` as whole numbers around 0, (rows, columns). */
export function unpackBlocks(packed: Tensor, multiples: Tensor): Tensor {
  const [half, columns] = packed.shape as number[];
  const blockRows = (2 * half) / Number(multiples.shape[0]);
  const { lower, higher } = bitsOf(packed, 4);
  const levels = layOut(sub(concat([lower, higher], 0), scalar(8)), [-1, blockRows, columns]);
  return layOut(mul(levels, layOut(cast(multiples), [-1, 1, columns])), [-1, columns]);
}

/** Of bytes, the lower bits, so many, and the rest, as floats. */
function bitsOf(packed: Tensor, bits: number): { lower: Tensor; higher: Tensor } {
  const bytes = cast(packed);
  const [higher] = operator('Floor', [div(bytes, scalar(2 ** bits))], [packed.shape]);
  return { lower: sub(bytes, mul(higher, scalar(2 ** bits))), higher };
}
