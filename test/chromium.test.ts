import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findChromium } from './chromium.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mars-chromium-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function executable(name: string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, '#!/bin/sh\n');
  chmodSync(path, 0o755);
  return path;
}

test('MARS_CHROMIUM comes before that of the system', () => {
  executable('bin/chromium');
  const mine = executable('mine');
  expect(findChromium({ MARS_CHROMIUM: mine, PATH: join(folder, 'bin') })).toBe(mine);
});

test('a MARS_CHROMIUM that is not there is named', () => {
  expect(() => findChromium({ MARS_CHROMIUM: join(folder, 'none') })).toThrow(/names .*none.*unset it/);
});

test('the system’s comes before Playwright’s', () => {
  const cached = executable('cache/chromium-1234/chrome-linux64/chrome');
  const chrome = executable('bin/google-chrome');
  const env = { PLAYWRIGHT_BROWSERS_PATH: join(folder, 'cache') };
  expect(findChromium({ ...env, PATH: `/nowhere:${join(folder, 'bin')}` })).toBe(chrome);
  expect(findChromium({ ...env, PATH: '/nowhere' })).toBe(cached);
});
