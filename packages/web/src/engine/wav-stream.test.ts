import { openAudio } from '@mars/core';
import { expect, test } from 'vitest';
import { wavHeader } from './wav-stream.ts';

test('samples that are decoded already go through the reader bit for bit', async () => {
  const samples = Float32Array.from({ length: 70_000 }, (_, i) => Math.sin(i * i) * 1.5);
  async function* bytes() {
    yield wavHeader(22_050);
    for (let at = 0; at < samples.length; at += 9999) {
      const block = samples.subarray(at, at + 9999);
      yield new Uint8Array(block.buffer, block.byteOffset, block.byteLength);
    }
  }
  await using reader = await openAudio(bytes());
  expect(reader.sampleRate).toBe(22_050);
  const heard: number[] = [];
  for await (const block of reader.blocks()) heard.push(...block);
  expect(Float32Array.from(heard)).toEqual(samples);
});
