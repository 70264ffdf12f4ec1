import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { syntheticVoice } from '../../core/test/synthetic-voice.ts';
import { CHROMIUM_TIMEOUT_MS } from '../../../test/chromium.ts';
import { analyse, builtSite, openBrowser, openPage, serveSite, untilOffline, wavFile } from './site.ts';

const VOICE = wavFile({ samples: syntheticVoice(' saisou  eiasoue '), sampleRate: 16_000 });
/** Not secure, so without a microphone and a service worker, as another machine in the network is. */
const ELSEWHERE = 'mars.example';
let browser: Browser;

beforeAll(async () => {
  browser = await openBrowser({ args: [`--host-resolver-rules=MAP ${ELSEWHERE} 127.0.0.1`] });
}, CHROMIUM_TIMEOUT_MS);
afterAll(() => browser?.close());

test('nothing is asked of anybody after loading, and never of another host', async () => {
  await using site = await serveSite();
  await using opened = await openPage(browser, site.url);
  const { page, requests, complaints } = opened;
  await untilOffline(page);
  expect(site.asked.length).toBeGreaterThan(5);

  const asked = [...site.asked];
  expect(await analyse(page, VOICE)).not.toBe('');
  await page.locator('#panel-files canvas').first().waitFor();
  expect(site.asked).toEqual(asked);
  expect(requests.map((address) => new URL(address)).filter(isElsewhere(site.url))).toEqual([]);
  // Among them would be what the security policy did not let through.
  expect(complaints).toEqual([]);
});

function isElsewhere(url: string) {
  return ({ origin, protocol }: URL) =>
    origin !== new URL(url).origin && !['blob:', 'data:'].includes(protocol);
}

test('the security policy holds: nothing can be sent elsewhere, and no script of a page runs in it', async () => {
  await using site = await serveSite();
  await using opened = await openPage(browser, site.url, { ready: false });
  const { page, complaints } = opened;
  expect(await page.evaluate(() => fetch('https://example.com/').catch(({ name }: Error) => name))).toBe(
    'TypeError',
  );
  await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'globalThis.ran = true';
    document.body.append(script);
  });
  expect(await page.evaluate(() => 'ran' in globalThis)).toBe(false);
  const refused = complaints.filter((complaint) => complaint.includes('Content Security Policy'));
  for (const what of ['https://example.com/', 'inline script']) {
    expect(refused).toContainEqual(expect.stringContaining(what));
  }
});

test('nothing moves while the page loads and hears', async () => {
  await using site = await serveSite();
  for (const viewport of [
    { width: 360, height: 740 },
    { width: 1440, height: 900 },
  ]) {
    await using opened = await openPage(browser, site.url, { viewport });
    expect(await opened.layoutShift()).toBeLessThan(0.02);
    // A person's choice of a file is an input, a test's is none.
    await opened.page.keyboard.press('Shift');
    await analyse(opened.page, VOICE);
    await opened.page.locator('#panel-files').getByText('Take away').waitFor();
    expect(await opened.layoutShift()).toBeLessThan(0.02);
  }
});

test('all of it is at most 7 MB over the wire', async () => {
  const folder = await builtSite();
  const names = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const known = new Set(names);
  const sent = names
    .filter((name) => !/\.(?:br|gz)$/.test(name))
    .map((name) => (known.has(`${name}.br`) ? `${name}.br` : name));
  const bytes = await Promise.all(sent.map(async (name) => (await stat(name)).size));
  const total = bytes.reduce((sum, each) => sum + each, 0);
  expect(total).toBeGreaterThan(3e6);
  expect(total).toBeLessThan(7e6);
});

test('at an address that is not secure, files are heard all the same', async () => {
  await using site = await serveSite();
  const url = site.url.replace('127.0.0.1', ELSEWHERE);
  await using opened = await openPage(browser, url);
  expect(await opened.page.evaluate(() => isSecureContext)).toBe(false);
  expect(await analyse(opened.page, VOICE)).not.toBe('');
  expect(opened.complaints.filter((complaint) => !complaint.includes('Cross-Origin-Opener-Policy'))).toEqual(
    [],
  );
});
