/**
 * Broken requests to a running service, on real sockets: HTTP and WebSocket, with faults in bytes, headers, forms, configs,
 * frames and the order of messages, in any cut, by callers who hang up. Everything must be answered, refused with a code or
 * closed within the deadline, by a service whose memory stays within the bound. A status of 500, a worker that dies, a
 * session that ends without saying why, or anything left over at the end is a finding: it is written to a folder, and the
 * exit status is 1.
 *
 *   node bench/fuzz-api.ts [COUNT] [--seed N] [--from N] [--at-a-time N] [--out DIR]
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createRandom } from '@mars/autograd/random';
import { openPool, serve } from '@mars/service';
import { tinyModel } from '../packages/core/test/tiny-model.ts';
import { makeCall, type Call } from './calls.ts';
import { readContainers } from './containers.ts';
import { printCounts } from './measure.ts';
import { placeCall } from './place-call.ts';
import { Progress } from './progress.ts';
import { residentOf, workersOf } from './proc.ts';

/** From the first byte of a call to the end of its connection. */
const DEADLINE_MS = 15_000;

/** Of the service's main process, and of each of its workers. */
const MEMORY_MB = 512;

/** What the service may still be at when the last caller has gone. */
const AFTERWARDS_MS = 5_000;

interface State {
  readonly port: number;
  readonly busy: number;
  readonly replaced: number;
  readonly faults: readonly string[];
}

/** The service with limits that are soon reached, in a process of its own. */
async function runService(): Promise<void> {
  const faults: string[] = [];
  const pool = await openPool({ model: tinyModel(), size: 2, maxStreams: 200, maxDurationSec: 60 });
  const service = await serve({
    pool,
    port: 0,
    limits: { headersMs: 2000, uploadMs: 3000, silenceMs: 1000, lingerMs: 500, uploadBytes: 2_000_000 },
    streamLimits: {
      idleSec: 0.3,
      maxSessionSec: 2,
      maxAheadSec: 1,
      pingSec: 1,
      drainSec: 2,
      maxSessionsPerClient: 200,
    },
    log: { level: 'error', write: (line) => void faults.push(line) },
  });
  const stop = async (): Promise<void> => {
    await service.stop();
    await pool.close();
    process.disconnect();
  };
  process.on('message', (message) => {
    if (message === 'stop') return void stop();
    const busy = pool.queued + pool.running + pool.streams;
    const state: State = {
      port: service.port,
      busy,
      replaced: pool.totals.replaced,
      faults: faults.splice(0),
    };
    return process.send!(state);
  });
  process.send!('ready');
}

async function fuzz(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seed: { type: 'string', default: '1' },
      from: { type: 'string', default: '0' },
      'at-a-time': { type: 'string', default: '32' },
      out: { type: 'string', default: join(tmpdir(), 'mars-fuzz-api') },
    },
  });
  const { seed, out } = values;
  const from = Number(values.from);
  const to = from + Number(positionals[0] ?? 1e5);
  let findings = 0;
  const note = async (index: number | undefined, what: string, call?: Call) => {
    findings++;
    await mkdir(out, { recursive: true });
    const sent = call && Buffer.concat(call.pieces).subarray(0, 20_000).toString('latin1');
    const line = JSON.stringify({ seed, index, what, sent });
    await appendFile(join(out, 'findings.jsonl'), `${line}\n`);
    console.log(`finding ${line.slice(0, 2000)}`);
  };

  const service = fork(import.meta.filename, ['serve']);
  await once(service, 'message');
  const ask = async (): Promise<State> => {
    service.send('state');
    return ((await once(service, 'message')) as [State])[0];
  };
  let isOver = false;
  service.once('exit', (status, signal) => {
    if (isOver) return;
    console.log(`finding: the service ended with ${signal ?? status}`);
    process.exit(1);
  });
  const { port } = await ask();
  const containers = await readContainers();

  const outcomes: Record<string, number> = {};
  const progress = new Progress(to - from, 'calls');
  const highest = { mainMB: 0, workerMB: 0 };
  let replaced = 0;
  const watch = async () => {
    const mainMB = await residentOf(service.pid!);
    const workersMB = await Promise.all((await workersOf(service.pid!)).map(residentOf));
    for (const [name, heldMB] of [
      ['mainMB', mainMB],
      ['workerMB', Math.max(...workersMB)],
    ] as const) {
      if (heldMB > MEMORY_MB && highest[name] <= MEMORY_MB)
        await note(next, `${name} is ${heldMB.toFixed(0)}`);
      highest[name] = Math.max(highest[name], heldMB);
    }
    const state = await ask();
    for (const fault of state.faults) await note(next, `logged: ${fault}`);
    if (state.replaced > replaced) await note(next, `${state.replaced - replaced} workers died`);
    ({ replaced } = state);
  };

  let next = from;
  const callers = Array.from({ length: Number(values['at-a-time']) }, async () => {
    while (next < to) {
      const index = next++;
      const random = createRandom(`${seed}/${index}`);
      const call = makeCall(containers, random);
      const { outcome, faults } = await placeCall(call, { port, deadlineMs: DEADLINE_MS }, random);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      for (const fault of faults) await note(index, fault, call);
      progress.add(1);
    }
  });
  const calls = Promise.all(callers);
  while (await Promise.race([calls.then(() => false), sleep(1000, true)])) await watch();
  progress.end();

  for (const began = performance.now(); (await ask()).busy > 0; await sleep(50)) {
    if (performance.now() - began < AFTERWARDS_MS) continue;
    await note(undefined, 'jobs or streams are left over that nobody waits for');
    break;
  }
  await watch();
  isOver = true;
  service.send('stop');
  if (!(await exits(service)))
    await note(undefined, 'the stopped service does not end: handles are left open');

  printCounts(outcomes);
  console.log(
    `${findings} findings${findings > 0 ? `, in ${out}` : ''}; at most ${highest.mainMB.toFixed(0)} MB of ${MEMORY_MB} held ` +
      `by the service, ${highest.workerMB.toFixed(0)} by a worker`,
  );
  if (findings > 0) process.exitCode = 1;
}

async function exits(child: ChildProcess): Promise<boolean> {
  const ended = await Promise.race([
    once(child, 'exit').then(() => true),
    sleep(DEADLINE_MS, false, { ref: false }),
  ]);
  if (!ended) child.kill('SIGKILL');
  return ended;
}

if (process.argv[2] === 'serve') await runService();
else await fuzz();
