/**
 * The service ("mars serve", the real command) for half an hour under everything at once: clips in every format, live
 * streams, broken calls, callers who hang up, and a worker that is killed again and again. What it holds must be flat within
 * 5 % after the first third, in its main process and in the worker that nobody kills; in the end nothing may be left open.
 *
 *   node bench/soak.ts [MINUTES] [--kill-every SECONDS]
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createRandom, type Random } from '@mars/autograd/random';
import { MarsClient, MarsClientError } from '@mars/client';
import { makeCall } from './calls.ts';
import { readContainers } from './containers.ts';
import { printCounts, summarise } from './measure.ts';
import { placeCall } from './place-call.ts';
import { openFiles, residentOf, workersOf } from './proc.ts';
import { SAMPLE_RATE, speech } from './speech.ts';

const ROOT = join(import.meta.dirname, '..');
const SAMPLES = join(ROOT, 'samples');

/** Callers of each sort at a time. */
const CALLERS = { clips: 2, streams: 8, faults: 2 };

const SAMPLE_MS = 2_000;
const GROWTH = 0.05;

/** For what is under way to end, and for connections that are kept open. */
const AFTERWARDS_MS = 90_000;

/** What callers may be told while workers are killed and everything is in use. */
const EXPECTED = ['WORKER_LOST', 'SERVICE_BUSY', 'STREAM_OVERFLOW'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'kill-every': { type: 'string', default: '20' }, seed: { type: 'string', default: '1' } },
});
const minutes = Number(positionals[0] ?? 30);
const endMs = performance.now() + 60_000 * minutes;
const isOver = () => performance.now() >= endMs;
const pause = (ms: number) => sleep(Math.max(0, Math.min(ms, endMs - performance.now())));

const counts: Record<string, number> = {};
const findings: string[] = [];
const count = (what: string) => (counts[what] = (counts[what] ?? 0) + 1);
function fault(what: string): void {
  findings.push(what);
  console.log(`finding: ${what}`);
}
function countError(of: string, error: unknown): void {
  const code = error instanceof MarsClientError ? error.code : String(error);
  count(`${of}: ${code}`);
  if (!EXPECTED.includes(code)) fault(`${of}: ${String(error)}`);
}

async function hearClips(client: MarsClient, random: Random): Promise<void> {
  const names = (await readdir(SAMPLES)).filter((name) => !name.endsWith('.md'));
  const files = await Promise.all(
    names.map(async (name) => new Uint8Array(await readFile(join(SAMPLES, name)))),
  );
  while (!isOver()) {
    const way = random.integer(20);
    const isLeaving = random.integer(10) === 0;
    const signal = isLeaving ? AbortSignal.timeout(random.integer(200)) : undefined;
    try {
      const file = files[random.integer(files.length)];
      if (way < 8) await client.classify(file, { timeline: true, signal });
      else await client.classify(file, { explain: way === 8, signal });
      count('clips');
    } catch (error) {
      if (isLeaving && !(error instanceof MarsClientError)) count('clips: left');
      else countError('clips', error);
    }
    await pause(random.integer(200));
  }
}

async function talk(client: MarsClient, random: Random): Promise<void> {
  const voice = await speech(60, `${random.integer(1e6)}`);
  const frame = SAMPLE_RATE / 10;
  while (!isOver()) {
    const frames = 10 + random.integer(290);
    const isLeaving = random.integer(4) === 0;
    const controller = new AbortController();
    const stream = client.stream({ reconnect: false, signal: controller.signal });
    const sending = (async () => {
      let at = random.integer(voice.length - 300 * frame);
      for (let i = 0; i < frames && !isOver(); i++, at += frame) {
        await stream.send(voice.subarray(at, at + frame), SAMPLE_RATE);
        await sleep(100);
      }
      if (isLeaving) controller.abort();
      else await stream.close();
    })();
    try {
      for await (const { type } of stream) if (type === 'measurement.result') count('measurements');
      count('streams');
    } catch (error) {
      if (controller.signal.aborted) count('streams: left');
      else countError('streams', error);
    }
    await sending.catch(() => undefined);
    await pause(random.integer(1000));
  }
}

async function callWrongly(port: number, random: Random): Promise<void> {
  const containers = await readContainers();
  for (let index = 0; !isOver(); index++) {
    const draw = random.fork(index);
    const call = makeCall(containers, draw);
    // A session that says nothing more is idle for a minute.
    const { faults } = await placeCall(
      call.kind === 'websocket' ? { ...call, ending: 'end' } : call,
      { port, deadlineMs: 90_000 },
      draw,
    );
    count('broken calls');
    // Of a worker that is killed.
    for (const each of faults) if (!each.includes('WORKER_LOST')) fault(`broken call ${index}: ${each}`);
    await pause(random.integer(100));
  }
}

async function killWorkers(service: number, elder: number, everyMs: number): Promise<void> {
  for (;;) {
    await pause(everyMs);
    if (isOver()) return;
    const others = (await workersOf(service)).filter((pid) => pid !== elder);
    if (others.length === 0) continue;
    process.kill(others[0], 'SIGKILL');
    count('workers killed');
  }
}

interface Held {
  readonly atMin: number;
  readonly mainMB: number;
  readonly elderMB: number;
}

async function watch(service: number, elder: number): Promise<Held[]> {
  const held: Held[] = [];
  const beganMs = performance.now();
  for (let lastMin = -1; !isOver(); await pause(SAMPLE_MS)) {
    const atMin = (performance.now() - beganMs) / 60_000;
    const [mainMB, elderMB] = await Promise.all([residentOf(service), residentOf(elder)]);
    held.push({ atMin, mainMB, elderMB });
    if (elderMB === 0) throw new Error('The worker that nobody kills has died.');
    const step = minutes / 30;
    if (atMin - lastMin < step) continue;
    lastMin = atMin;
    console.log(
      `${atMin.toFixed(1)} min: ${mainMB.toFixed(0)} MB in the main process, ${elderMB.toFixed(0)} in the first worker; ` +
        `${counts['clips'] ?? 0} clips, ${counts['streams'] ?? 0} streams, ${counts['broken calls'] ?? 0} broken calls, ` +
        `${counts['workers killed'] ?? 0} workers killed, ${await openFiles(service)} files open`,
    );
  }
  return held;
}

/** The median of the second third against that of the last: single values go up and down with the garbage. */
function judge(held: readonly Held[], of: 'mainMB' | 'elderMB', name: string): void {
  const part = (from: number, to: number) =>
    summarise(
      held.filter(({ atMin }) => atMin >= from * minutes && atMin < to * minutes).map((each) => each[of]),
    );
  const [before, after] = [part(1 / 3, 2 / 3), part(2 / 3, 1)];
  const growth = after.median / before.median - 1;
  console.log(
    `${name}: ${before.median.toFixed(1)} MB in the second third, ${after.median.toFixed(1)} in the last ` +
      `(${(100 * growth).toFixed(1)} %), from ${before.min.toFixed(0)} to ${before.max.toFixed(0)} and from ` +
      `${after.min.toFixed(0)} to ${after.max.toFixed(0)}`,
  );
  if (growth > GROWTH) fault(`${name} has grown by ${(100 * growth).toFixed(1)} %`);
}

/** Whether nothing is under way any more, and as many files and sockets are open as at first. */
async function comesToRest(url: string, pid: number, filesAtFirst: number): Promise<void> {
  const gauges = ['mars_pool_running', 'mars_pool_queued', 'mars_stream_sessions', 'mars_upload_bytes'];
  const lastMs = performance.now() + AFTERWARDS_MS;
  for (;;) {
    const metrics = await (await fetch(`${url}metrics`, { headers: { connection: 'close' } })).text();
    const busy = gauges.filter((name) => !new RegExp(`^${name} 0$`, 'm').test(metrics));
    const files = await openFiles(pid);
    if (busy.length === 0 && files <= filesAtFirst) return;
    if (performance.now() > lastMs) {
      return fault(
        `left over: ${busy.join(', ')}; ${files} files and sockets open, ${filesAtFirst} at first`,
      );
    }
    await sleep(500);
  }
}

async function startService(): Promise<{ service: ChildProcess; url: string }> {
  const mars = join(ROOT, 'packages/cli/bin/mars.js');
  const options = ['--port', '0', '--workers', '2', '--no-page', '--log-level', 'error'];
  const service = spawn(process.execPath, [mars, 'serve', ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
  createInterface({ input: service.stderr }).on('line', (line) => {
    if (line.startsWith('{') && !line.includes('WORKER_LOST')) fault(`logged: ${line.slice(0, 1000)}`);
  });
  const [line] = (await once(createInterface({ input: service.stdout }), 'line')) as [string];
  return { service, url: /http\S+/.exec(line)![0] };
}

const { service, url } = await startService();
const pid = service.pid!;
try {
  const port = Number(new URL(url).port);
  const [elder] = await workersOf(pid);
  const filesAtFirst = await openFiles(pid);
  const random = createRandom(values.seed);
  const client = new MarsClient({ baseUrl: url });
  const many = (sort: keyof typeof CALLERS, call: (own: Random) => Promise<void>) =>
    Array.from({ length: CALLERS[sort] }, (_, index) => call(random.fork(`${sort} ${index}`)));
  const [held] = await Promise.all([
    watch(pid, elder),
    killWorkers(pid, elder, 1000 * Number(values['kill-every'])),
    ...many('clips', (own) => hearClips(client, own)),
    ...many('streams', (own) => talk(client, own)),
    ...many('faults', (own) => callWrongly(port, own)),
  ]);
  await comesToRest(url, pid, filesAtFirst);
  const ended = once(service, 'exit');
  service.kill('SIGTERM');
  const status = await Promise.race([ended, sleep(40_000, undefined, { ref: false })]);
  if (status?.[0] !== 0) fault(`told to stop, the service did not end with status 0 but ${String(status)}`);
  printCounts(counts);
  judge(held, 'mainMB', 'the main process');
  judge(held, 'elderMB', 'the worker that was not killed');
  console.log(`${findings.length} findings`);
} finally {
  service.kill('SIGKILL');
}
process.exit(findings.length > 0 ? 1 : 0);
