import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Pieces } from './pieces.ts';

const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => i % 251);

function cut(whole: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (let i = 0; at < whole.length; i++)
    pieces.push(whole.subarray(at, (at += lengths[i % lengths.length])));
  return pieces;
}

function added(pieces: readonly Uint8Array[]): readonly Uint8Array[] {
  const held = new Pieces();
  for (const piece of pieces) held.add(piece);
  return held.end();
}

test('in any cut they are what came', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 300_000 }),
      fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1 }),
      (length, lengths) => {
        const whole = bytes(length);
        expect(Buffer.concat(added(cut(whole, lengths))).equals(whole)).toBe(true);
      },
    ),
  );
});

test('large ones are not copied', () => {
  const pieces = cut(bytes(300_000), [65_536]);
  const held = added(pieces);
  expect(held).toHaveLength(pieces.length);
  expect(held.every((piece, i) => piece.buffer === pieces[i].buffer)).toBe(true);
});

test.each([
  ['byte by byte', [1], 19],
  ['large and small by turns', [4096, 1], 150],
])('%s, they are few', (_, lengths, most) => {
  expect(added(cut(bytes(300_000), lengths)).length).toBeLessThanOrEqual(most);
});
