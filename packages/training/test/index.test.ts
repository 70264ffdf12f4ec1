import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };

test.each(Object.values(packageJson.exports))('%s: every export that it declares is there', async (path) => {
  const url = new URL(`../${path}`, import.meta.url);
  const declared = [...(await readFile(url, 'utf8')).matchAll(/export \{([^}]*)\}/g)]
    .flatMap(([, names]) => names.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith('type '));
  expect(declared.length).toBeGreaterThan(2);
  const values = (await import(url.href)) as Record<string, unknown>;
  expect(Object.keys(values).sort()).toEqual(declared.sort());
  expect(Object.values(values)).not.toContain(undefined);
});
