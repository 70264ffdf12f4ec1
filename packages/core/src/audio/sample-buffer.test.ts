import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { SampleBuffer } from './sample-buffer.ts';

test('whatever is appended and discarded, the samples that are left keep their numbers', () => {
  const steps = fc.array(fc.record({ append: fc.nat(9000), keep: fc.nat(6000) }), { maxLength: 20 });
  fc.assert(
    fc.property(steps, (all) => {
      const buffer = new SampleBuffer();
      let first = 0;
      for (const { append, keep } of all) {
        const from = buffer.end;
        buffer.append(Float32Array.from({ length: append }, (_, i) => from + i));
        first = Math.max(first, buffer.end - keep);
        buffer.discardBefore(first);
        const kept = buffer.slice(first, buffer.end);
        expect(kept.length).toBe(buffer.end - first);
        expect(kept.every((sample, i) => sample === first + i)).toBe(true);
      }
    }),
    { numRuns: 50 },
  );
});

test('what was discarded, or has not come, is an error and not silence', () => {
  const buffer = new SampleBuffer();
  buffer.append(new Float32Array(100));
  buffer.discardBefore(80);
  expect(() => buffer.slice(10, 90)).toThrow('samples 10 to 90 of a buffer that holds 80 to 100');
  expect(() => buffer.slice(90, 101)).toThrow(RangeError);
});
