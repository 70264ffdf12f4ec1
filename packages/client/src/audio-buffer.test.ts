import { expect, test } from 'vitest';
import { AudioBuffer, Places } from './audio-buffer.ts';

const piece = (samples: number) => new Uint8Array(2 * samples);

test('keeps the latest, and knows where it lies', () => {
  const buffer = new AudioBuffer(10);
  buffer.append(piece(4));
  buffer.append(piece(0));
  buffer.append(piece(4));
  expect([buffer.start, buffer.end, buffer.samples]).toEqual([0, 8, 8]);
  buffer.append(piece(4));
  expect([buffer.start, buffer.end, buffer.samples]).toEqual([4, 12, 8]);
  expect(buffer.take()).toMatchObject({ position: 4 });
  buffer.take();
  expect(buffer.take()).toBeUndefined();
  expect([buffer.start, buffer.end, buffer.samples]).toEqual([12, 12, 0]);
  // One piece is kept, however long it is.
  buffer.append(piece(50));
  expect([buffer.start, buffer.samples]).toEqual([12, 50]);
});

test('places in a session that begins late, and lacks a part', () => {
  const places = new Places();
  expect(places.inStream(7)).toBe(7);
  places.sending(10, 100);
  places.sending(10, 110);
  places.sending(10, 150);
  expect([0, 5, 19, 20, 29, 99].map((sample) => places.inStream(sample))).toEqual([
    100, 105, 119, 150, 159, 229,
  ]);
});
