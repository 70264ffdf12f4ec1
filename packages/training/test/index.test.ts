import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import * as training from '../src/index.ts';

test('every export that the package declares is there', async () => {
  const source = await readFile(new URL('../src/index.ts', import.meta.url), 'utf8');
  const declared = [...source.matchAll(/export \{([^}]*)\}/g)]
    .flatMap(([, names]) => names.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith('type '));
  expect(declared.length).toBeGreaterThan(20);
  const values: Record<string, unknown> = { ...training };
  expect(Object.keys(values).sort()).toEqual(declared.sort());
  expect(Object.values(values)).not.toContain(undefined);
});
