import { readFile } from 'node:fs/promises';

export interface Resident {
  readonly mainMB: number;
  /** Of each process that the main one has started, in their order. */
  readonly workersMB: readonly number[];
}

/** Memory that a process and those that it has started hold of their own: without what they have of files. Linux only. */
export async function residentOf(pid: number): Promise<Resident> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const [mainMB, ...workersMB] = await Promise.all(
    [pid, ...children.trim().split(' ').filter(Boolean).map(Number)].map(anonymousMB),
  );
  return { mainMB, workersMB };
}

/** 0 for a process that has just ended. */
async function anonymousMB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
}
