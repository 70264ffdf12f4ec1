/**
 * Whether memory grows: 10,000 clips one after the other, and what the process holds every thousand of them, after the
 * garbage has been collected. The end must be within 5 % of what it was after the first thousand. That is
 * without the room that V8 keeps in reserve for new objects, which it doubles once, after some thousands of clips; and on
 * Linux without the program's own files, of which the system keeps in memory what it likes.
 *
 *   node --expose-gc bench/leak.ts [CLIPS]
 */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeWav, loadRecogniser } from '@mars/core';
import { syntheticVoice } from '../packages/core/test/synthetic-voice.ts';

const clips = Number(process.argv[2] ?? 10_000);
const model = await readFile(join(import.meta.dirname, '../models/flagship/model.onnx'));
await using recogniser = await loadRecogniser(model);
const recordings = [110, 150, 190, 230].map((pitchHz) =>
  encodeWav({ samples: syntheticVoice('sa i  sosu', { pitchHz }), sampleRate: 16_000 }),
);

const held: number[] = [];
for (let clip = 1; clip <= clips; clip += 1) {
  await recogniser.classify(recordings[clip % recordings.length]);
  if (clip % (clips / 10) !== 0) continue;
  // What the second round frees is what the first has let go of.
  for (let round = 0; round < 2; round += 1) {
    global.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
  const own = (ownMemory() ?? rss) - (heapTotal - heapUsed);
  held.push(own);
  const [of, resident, heap, outside] = [own, rss, heapUsed, external].map((bytes) =>
    (bytes / 2 ** 20).toFixed(1),
  );
  console.log(`${clip} clips: ${of} MiB held (resident ${resident}, heap ${heap}, external ${outside})`);
}
const growth = held[held.length - 1] / held[0] - 1;
console.log(`from ${clips / 10} to ${clips} clips: ${(100 * growth).toFixed(1)} %`);
if (growth > 0.05) process.exitCode = 1;

function ownMemory(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const kilobytes = /^Anonymous: +(\d+) kB$/m.exec(readFileSync('/proc/self/smaps_rollup', 'utf8'))?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}
