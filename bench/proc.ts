import { readdir, readFile } from 'node:fs/promises';

// What Linux tells of a process, here or elsewhere.

/** Memory that a process holds of its own, without what it has of files, in MiB; 0 for one that has ended. */
export async function residentOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1024;
}

/** The processes that a process has started and that are still there, in their order. */
export async function workersOf(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return children.trim().split(' ').filter(Boolean).map(Number);
}

/** Files, sockets and pipes that a process has open. */
export async function openFiles(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length;
}

/** Of Linux's clock ticks, which are hundredths of a second everywhere. */
const TICK_MS = 10;

/** Processor time that a process has used since it began. */
export async function cpuMsOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name, which may hold anything, ends with the last bracket: user and system time are the 12th and 13th behind it.
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13);
  return TICK_MS * (Number(user) + Number(system));
}
