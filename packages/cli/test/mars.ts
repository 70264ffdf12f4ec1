import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { resample } from '@mars/core';
import { vi } from 'vitest';
import { syntheticVoice } from '../../core/test/synthetic-voice.ts';
import { tinyModel } from '../../core/test/tiny-model.ts';
import { runMars } from '../src/program.ts';

export const MARS = join(import.meta.dirname, '../bin/mars.js');

export interface Result {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the real command in a process of its own. */
export function mars(args: string[], { cwd }: { cwd?: string } = {}): Promise<Result> {
  return startMars(args, { cwd }).result;
}

/**
 * Runs the command line in this process, where the process itself is not the point: a start of Node takes longer than
 * most of what is tested. One at a time.
 */
export async function callMars(
  args: string[],
  { cwd = process.cwd() }: { cwd?: string } = {},
): Promise<Result> {
  const printed = { stdout: '', stderr: '' };
  const write = (name: keyof typeof printed) => (text: string | Uint8Array, done?: unknown) => {
    printed[name] += String(text);
    if (typeof done === 'function') done();
    return true;
  };
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(write('stdout')),
    vi.spyOn(process.stderr, 'write').mockImplementation(write('stderr')),
    vi.spyOn(console, 'log').mockImplementation((text: string) => write('stdout')(`${text}\n`)),
    vi.spyOn(console, 'error').mockImplementation((text: string) => write('stderr')(`${text}\n`)),
  ];
  const [folder, exitCode] = [process.cwd(), process.exitCode];
  process.exitCode = undefined;
  process.chdir(cwd);
  try {
    const status = await runMars(args);
    return { status, ...printed };
  } finally {
    process.chdir(folder);
    process.exitCode = exitCode;
    for (const spy of spies) spy.mockRestore();
  }
}

/** The real command while it runs. */
export interface RunningMars {
  readonly result: Promise<Result>;
  kill(signal: NodeJS.Signals): void;
}

/** Starts the real command; `onStdout` and `onStderr` are told all that has come so far, whenever more has. */
export function startMars(
  args: string[],
  {
    cwd,
    env,
    input,
    onStdout,
    onStderr,
  }: {
    cwd?: string;
    env?: NodeJS.ProcessEnv;
    /** What comes on stdin; a stream may stay open. */
    input?: Uint8Array | Readable;
    onStdout?: (stdout: string) => void;
    onStderr?: (stderr: string) => void;
  } = {},
): RunningMars {
  const child = spawn(process.execPath, [MARS, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  // A command that has enough closes its stdin.
  child.stdin?.on('error', () => undefined);
  if (input instanceof Uint8Array) child.stdin?.end(input);
  else if (input && child.stdin) input.pipe(child.stdin);
  const result = new Promise<Result>((resolve, reject) => {
    let stdout = '';
    let stderr = '';
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      onStdout?.(stdout);
    });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      onStderr?.(stderr);
    });
    child.on('error', reject).on('close', (status) => resolve({ status, stdout, stderr }));
  });
  return { result, kill: (signal) => void child.kill(signal) };
}

/** What `mars classify --json` prints of a file. */
export interface Line {
  file: string;
  durationSec?: number;
  verdict?: string;
  emotion?: string | null;
  confidence?: number;
  scores?: { label: string; score: number }[];
  error?: { code: string; message: string };
}

/** The JSON objects that a command printed, one per line. */
export function jsonLines<Printed = Line>(stdout: string): Printed[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Printed);
}

/** A folder of its own for a test file, with a small model in it as `tiny.onnx`; `remove` it when the tests have run. */
export async function workspace(): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'mars-'));
  await writeFile(join(folder, 'tiny.onnx'), tinyModel());
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** A second of syllables that the voice detector takes for speech, pauses among them. */
export function voice({ durationSec = 1, sampleRate = 16_000 } = {}): Float32Array {
  const phrase = 'sa io sue ';
  const spoken = syntheticVoice(phrase.repeat(Math.ceil(durationSec)));
  return resample(spoken.subarray(0, Math.round(durationSec * 16_000)), 16_000, sampleRate);
}

/** 9 s: two seconds of speech, a pause of one, three of speech, a pause of two, one of speech. */
export function talk(): Float32Array {
  const samples = new Float32Array(9 * 16_000);
  samples.set(voice({ durationSec: 2 }), 0);
  samples.set(
    syntheticVoice('ou sa ei si o ai su ea ', { pitchHz: 230 }).subarray(0, 3 * 16_000),
    3 * 16_000,
  );
  samples.set(voice({ durationSec: 1 }), 8 * 16_000);
  return samples;
}
