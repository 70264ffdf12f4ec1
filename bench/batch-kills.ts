/**
 * Kills workers ("mars batch work", the real command) and PostgreSQL with SIGKILL at random moments while they work at
 * batches, and counts the rows that are lost or doubled. All of it is in the system's folder for temporary files.
 *
 *   node bench/batch-kills.ts [--kills 200] [--recordings 2000] [--workers 2] [--seed 1]
 */
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { createRandom } from '@mars/autograd/random';
import { findDamage, readManifest, readStatus } from '@mars/service';
import { readLines } from '../packages/service/test/batch-fixture.ts';
import { workWhileKilling } from '../packages/service/test/batch-kills.ts';
import { startPostgres } from '../packages/service/test/postgres.ts';
import { makeRecordings } from './recordings.ts';

const MARS = join(import.meta.dirname, '../packages/cli/bin/mars.js');
const SHARD_SIZE = '20';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    recordings: { type: 'string', default: '2000' },
    workers: { type: 'string', default: '2' },
    seed: { type: 'string', default: '1' },
  },
});
const [kills, recordings, workers] = [values.kills, values.recordings, values.workers, values.seed].map(
  Number,
);

const mars = (...args: string[]) => promisify(execFile)(process.execPath, [MARS, ...args]);

/** The rows of each recording, without its name. */
async function rowsByFile(folder: string): Promise<Map<string, string[]>> {
  const rows = Map.groupBy(await readLines(folder), ({ file }) => file);
  return new Map(
    [...rows].map(([file, lines]) => [file, lines.map((line) => JSON.stringify({ ...line, file: '' }))]),
  );
}

const root = await mkdtemp(join(tmpdir(), 'mars-bench-kills-'));
const random = createRandom(values.seed);
const total = { workers: 0, postgres: 0, recordings: 0, lost: 0, doubled: 0, other: 0 };
try {
  await using postgres = await startPostgres();
  const clips = join(root, 'recordings');
  const { origins } = await makeRecordings(clips, recordings);
  // What nobody disturbs is what the others are to be like.
  const voices = [...new Set(origins.values())];
  await mars('batch', 'run', ...voices, '--out', join(root, 'undisturbed'));
  const expected = await rowsByFile(join(root, 'undisturbed'));

  for (let batch = 0; total.workers + total.postgres < kills; batch++) {
    const out = join(root, `batch-${batch}`);
    await mars(
      'batch',
      'submit',
      clips,
      '--out',
      out,
      '--shard-size',
      SHARD_SIZE,
      '--database',
      postgres.url,
    );
    const killed = await workWhileKilling({
      folder: out,
      manifest: await readManifest(out),
      postgres,
      startWorker: () =>
        spawn(process.execPath, [MARS, 'batch', 'work', out, '--workers', '1', '--database', postgres.url], {
          stdio: 'ignore',
        }),
      workers,
      kills: kills - total.workers - total.postgres,
      pauseMs: 6000,
      random: () => random.uniform(0, 1),
      onKill: (what, number) => console.error(`batch ${batch}, kill ${number}: ${what}`),
    });
    const found = await rowsByFile(out);
    for (const [file, origin] of origins) {
      const [rows, rest] = [found.get(file) ?? [], expected.get(origin)!];
      total.lost += rest.filter((row) => !rows.includes(row)).length;
      total.doubled += rows.length - new Set(rows).size;
      total.other += rows.filter((row) => !rest.includes(row)).length;
      found.delete(file);
    }
    total.other += found.size + (await findDamage(out)).length;
    const { isDone, recordings: counted } = await readStatus(out);
    if (!isDone || counted.done !== recordings) total.lost += recordings - counted.done;
    total.workers += killed.workers;
    total.postgres += killed.postgres;
    total.recordings += recordings;
    await rm(out, { recursive: true });
  }
  console.log(
    `${total.recordings} recordings, ${workers} workers; SIGKILL ${total.workers} times to a worker and ${total.postgres} times to ` +
      `PostgreSQL (seed ${values.seed}):\n  rows lost ${total.lost}, doubled ${total.doubled}, other than without a kill ${total.other}`,
  );
} finally {
  await rm(root, { recursive: true, force: true });
}
if (total.lost + total.doubled + total.other > 0) process.exitCode = 1;
