import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { adam, createRandom, TrainingStep } from '@mars/autograd';
import { buildNetwork, featureWidth, preset } from '@mars/training';
import { show, summarise } from './measure.ts';

const ROUNDS = 7;
const STEPS = 30;
const LABELS = 8;

/** Both runtimes' threads go on spinning after their work; a round begins when the other's have gone to sleep. */
const REST_MS = 500;

/** Steps per second of one round of `STEPS` steps. */
type Round = () => Promise<number>;

/** Ours and PyTorch's in turn, round by round, so that a machine whose speed drifts treats both alike. */
export async function benchTraining(): Promise<void> {
  console.log(
    `Training steps per second, the seed's network, 200 frames of 40 MFCCs, ${ROUNDS} rounds of ${STEPS} steps:`,
  );
  for (const batchSize of [32, 64]) {
    const ours = await oursAt(batchSize);
    const torch = await torchAt(batchSize);
    await ours.round();
    await torch?.round();
    const rates: { ours: number[]; torch: number[] } = { ours: [], torch: [] };
    for (let round = 0; round < ROUNDS; round += 1) {
      await sleep(REST_MS);
      rates.ours.push(await ours.round());
      await sleep(REST_MS);
      if (torch) rates.torch.push(await torch.round());
    }
    await ours.end();
    torch?.end();
    const line = `  batch ${batchSize}: MARS ${show(summarise(rates.ours))}`;
    if (!torch) {
      console.log(`${line}; no PyTorch found (set MARS_BENCH_PYTHON to a Python that has it)`);
      continue;
    }
    const ratio = summarise(rates.ours.map((rate, round) => rate / rates.torch[round]));
    console.log(`${line}, PyTorch ${torch.version} ${show(summarise(rates.torch))}, ratio ${show(ratio, 2)}`);
  }
  console.log();
}

async function oursAt(batchSize: number): Promise<{ round: Round; end: () => Promise<void> }> {
  const { network, features, frames, maxGradientNorm } = preset('seed');
  const width = featureWidth(features);
  const step = await TrainingStep.create(buildNetwork(network, width, LABELS), {
    inputShape: [batchSize, frames, width],
    labels: LABELS,
    optimiser: adam(),
    maxGradientNorm,
    seed: 0,
  });
  const random = createRandom(0);
  const x = Float32Array.from({ length: batchSize * frames * width }, () => random.normal());
  const targets = new Float32Array(batchSize * LABELS);
  for (let row = 0; row < batchSize; row += 1) targets[row * LABELS + (row % LABELS)] = 1;
  const round = async () => {
    const started = performance.now();
    for (let i = 0; i < STEPS; i += 1) await step.run(x, targets, 1e-3);
    return (1000 * STEPS) / (performance.now() - started);
  };
  return { round, end: () => step.dispose() };
}

/** The same in a PyTorch process that answers one line per round; undefined where there is no PyTorch. */
async function torchAt(
  batchSize: number,
): Promise<{ version: string; round: Round; end: () => void } | undefined> {
  const python = process.env['MARS_BENCH_PYTHON'] ?? 'python3';
  const script = join(import.meta.dirname, 'pytorch.py');
  const { network } = preset('seed');
  if (network.kind !== 'seed') throw new Error(`pytorch.py holds the seed's network, not ${network.kind}.`);
  const { channels, hiddenSize, dropoutRate } = network;
  const sizes = [batchSize, STEPS, ...channels, hiddenSize, dropoutRate].map(String);
  // A Python that was named should work, and says what it lacks; one that happens to be there need not have torch.
  const named = process.env['MARS_BENCH_PYTHON'] !== undefined;
  const child = spawn(python, [script, ...sizes], { stdio: ['pipe', 'pipe', named ? 'inherit' : 'ignore'] });
  const failed = once(child, 'error').then(() => undefined);
  const ended = once(child, 'exit').then(() => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = () =>
    Promise.race([lines.next().then(({ value }): string | undefined => value), failed, ended]);
  const version = await nextLine();
  if (version === undefined) return undefined;
  const round = async () => {
    child.stdin.write('go\n');
    return Number(await nextLine());
  };
  return { version, round, end: () => child.stdin.end() };
}
