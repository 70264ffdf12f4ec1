import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

export interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs an example as its reader would: `file` from examples/, in a process of its own. For the tests. */
export async function startExample(
  file: string,
  args: readonly string[],
  { env = {}, execArgv = [] }: { env?: Record<string, string>; execArgv?: readonly string[] } = {},
): Promise<Ended> {
  const root = join(import.meta.dirname, '../..');
  const child = spawn(process.execPath, [...execArgv, join('examples', file), ...args], {
    cwd: root,
    // What was compiled once starts faster.
    env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'mars-examples'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number]>,
  ]);
  return { status, stdout, stderr };
}
