import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeSyntheticRun } from '../../training/test/synthetic-run.ts';
import { callMars, workspace } from './mars.ts';

const { folder, remove } = await workspace();
afterAll(remove);

const run = (...args: string[]) => callMars(args, { cwd: folder });

beforeAll(async () => {
  await writeSyntheticRun(join(folder, 'weak'), { skill: 0.3 });
  await writeSyntheticRun(join(folder, 'strong'), { skill: 0.9 });
  await writeSyntheticRun(join(folder, 'other clips'), { folds: [['Ann', 'Gus']] });
});

describe('mars report', () => {
  test('writes the page and the images into the run, and prints their paths', async () => {
    const { status, stdout, stderr } = await run('report', 'weak');
    const paths = stdout.trimEnd().split('\n');
    expect(paths).toContain(join('weak', 'report', 'index.html'));
    expect(paths).toContain(join('weak', 'report', 'confusion.png'));
    const written = await readdir(join(folder, 'weak', 'report'));
    expect(new Set(written.map((name) => join('weak', 'report', name)))).toEqual(new Set(paths));
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  test('a folder that is no run: wrong usage', async () => {
    const { status, stdout, stderr } = await run('report', 'nowhere');
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^mars: nowhere holds no report\.json.*\[RUN_INVALID\]\n$/);
    expect(status).toBe(2);
  });
});

describe('mars compare', () => {
  test('a table with the significance; the page where it was asked for', async () => {
    const { status, stdout, stderr } = await run('compare', 'weak', 'strong', '--out', 'comparison');
    expect(stdout).toMatch(/^run +UAR .*difference of UAR +95 % +p\n/);
    expect(stdout).toMatch(/^strong .*\+\d\d\.\d +\+[\d.]+ to \+[\d.]+ +0\.031$/m);
    expect(stderr).toContain(join('comparison', 'index.html'));
    expect(await readFile(join(folder, 'comparison', 'index.html'), 'utf8')).toContain('strong against weak');
    expect(status).toBe(0);
  });

  test('--json: a run per element, the comparison with each but the first', async () => {
    const { stdout } = await run('compare', '--json', 'weak', 'strong');
    const [weak, strong] = JSON.parse(stdout) as { name: string; comparison?: { clips: number } }[];
    expect(weak).toMatchObject({ name: 'weak', protocol: 'emobox' });
    expect(weak.comparison).toBeUndefined();
    expect(strong.comparison).toMatchObject({ clips: 96, permutation: { pValue: 2 / 64 } });
  });

  test('runs that tested other clips are refused', async () => {
    const { status, stdout, stderr } = await run('compare', 'weak', 'other clips');
    expect(stdout).toBe('');
    expect(stderr).toContain('The runs tested different clips');
    expect(status).toBe(2);
  });
});
