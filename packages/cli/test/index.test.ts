import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import * as cli from '../src/index.ts';
import { createProgram } from '../src/program.ts';
import { MARS } from './mars.ts';

test('the command is what the package gives; there is nothing to import', async () => {
  expect(Object.keys(cli)).toEqual([]);
  expect(join(import.meta.dirname, '..', packageJson.bin.mars)).toBe(MARS);
  expect(await readFile(MARS, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
});

test('every command says in a line what it does, and in full what it takes', () => {
  const { commands } = createProgram();
  expect(commands.map((command) => command.name())).toEqual(
    expect.arrayContaining(['classify', 'listen', 'calibrate', 'train', 'evaluate', 'export']),
  );
  for (const command of commands) {
    expect(command.summary(), command.name()).toMatch(/^[a-z].{20,}[^.]$/);
    expect(command.description().length, command.name()).toBeGreaterThan(command.summary().length);
    for (const { flags, description } of command.options) expect(description, flags).not.toBe('');
  }
});
