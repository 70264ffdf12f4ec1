import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { syntheticVoice } from '../../core/test/synthetic-voice.ts';
import { words } from '../src/strings/en.ts';
import { CHROMIUM_TIMEOUT_MS } from '../../../test/chromium.ts';
import { writeServiceWorker } from '../server/precache.ts';
import {
  analyse,
  builtSite,
  openBrowser,
  openPage,
  serveSite,
  untilOffline,
  untilReady,
  wavFile,
} from './site.ts';

const VOICE = wavFile({ samples: syntheticVoice(' saisou  eiasoue '), sampleRate: 16_000 });
let browser: Browser;

beforeAll(async () => {
  browser = await openBrowser();
}, CHROMIUM_TIMEOUT_MS);
afterAll(() => browser?.close());

test('after the first visit the page opens and hears without a server', async () => {
  const site = await serveSite();
  await using opened = await openPage(browser, site.url);
  const { page, complaints } = opened;
  await untilOffline(page);
  await site[Symbol.asyncDispose]();

  const asked = site.asked.length;
  await page.reload();
  await untilReady(page);
  expect(await analyse(page, VOICE)).not.toBe('');
  expect(site.asked).toHaveLength(asked);
  // That there is no newer service worker is the one thing the browser finds out in vain, and tells nobody.
  expect(complaints).toEqual([]);
});

test('a browser without room to keep the page says so, and hears all the same', async () => {
  await using site = await serveSite();
  await using opened = await openPage(browser, 'about:blank', { ready: false });
  const { page } = opened;
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Storage.overrideQuotaForOrigin', { origin: new URL(site.url).origin, quotaSize: 1e6 });
  await page.goto(site.url);
  await page.getByText(words.readiness.onlineOnly).waitFor();
  expect(await analyse(page, VOICE)).not.toBe('');
});

test('a newer page is announced, shown when asked for, and takes only what is new', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mars-site-'));
  try {
    await cp(await builtSite(), folder, {
      recursive: true,
      filter: (name) => !/(?:html|service-worker\.js)\.(?:br|gz)$/.test(name),
    });
    await using site = await serveSite({ folder });
    await using opened = await openPage(browser, site.url);
    const { page, complaints } = opened;
    await untilOffline(page);
    const caches = () => page.evaluate(() => globalThis.caches.keys());
    const [older] = await caches();

    const html = join(folder, 'index.html');
    await writeFile(html, (await readFile(html, 'utf8')).replace(/<title>.*?</, '<title>Newer<'));
    await writeServiceWorker(folder);
    const asked = site.asked.length;
    await page.reload();
    const takeOver = page.getByRole('button', { name: 'Show it' });
    await takeOver.waitFor();
    expect(await page.title()).not.toBe('Newer');

    await Promise.all([page.waitForEvent('load'), takeOver.click()]);
    await untilReady(page);
    expect(await page.title()).toBe('Newer');
    await expect.poll(caches).toEqual([expect.not.stringMatching(older)]);
    expect(site.asked.slice(asked).filter((path) => path.includes('/assets/'))).toEqual([]);
    expect(complaints).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test.each(['.onnx', '.wasm'])(
  'a %s that could not be fetched is said, and the next try fetches it',
  async (kind) => {
    await using site = await serveSite();
    await using opened = await openPage(browser, 'about:blank', { ready: false });
    const { page } = opened;
    let isOnline = false;
    await page.context().route(`**/*${kind}`, (route) => (isOnline ? route.continue() : route.abort()));
    await page.goto(site.url);
    await page.getByText(words.readiness.failed).waitFor();
    await page.locator('#panel-files input[type="file"]').setInputFiles(VOICE);
    const told = page.locator('#panel-files').getByRole('alert');
    await told.waitFor();
    expect(await told.textContent()).toMatch(
      kind === '.onnx' ? /Go online and try again/ : /It starts anew by itself: try again/,
    );
    isOnline = true;
    await page.getByRole('button', { name: words.files.tryAgain }).click();
    await page.locator('#panel-files [data-verdict]').waitFor();
  },
);
