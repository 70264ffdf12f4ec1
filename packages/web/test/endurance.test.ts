// What takes long: an hour on the page, and a Worker that dies and tells nobody.
import type { Browser, Page } from 'playwright-core';
import { encodeWav } from '@mars/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CHROMIUM_TIMEOUT_MS } from '../../../test/chromium.ts';
import { syntheticVoice } from '../../core/test/synthetic-voice.ts';
import type { RunningServer } from '@mars/service/site';
import { words } from '../src/strings/en.ts';
import { choose, sample, taken, verdictOf, view } from './recordings.ts';
import { openBrowser, openPage, serveSite } from './site.ts';

let site: RunningServer;
let browser: Browser;

beforeAll(async () => {
  [site, browser] = await Promise.all([serveSite(), openBrowser()]);
}, CHROMIUM_TIMEOUT_MS);
afterAll(async () => {
  await browser?.close();
  await site?.[Symbol.asyncDispose]();
});

const SAMPLE_RATE = 16_000;
const HEADER_BYTES = 44;
const ROUND_SEC = 20;

/** Chooses an hour of WAV, made in the page of one piece over and over: 115 MB that nobody has to send. */
async function chooseHour(page: Page): Promise<void> {
  const samples = new Float32Array(ROUND_SEC * SAMPLE_RATE);
  samples.set(syntheticVoice(' saisou eiasoue '), SAMPLE_RATE);
  const piece = Buffer.from(encodeWav({ samples, sampleRate: SAMPLE_RATE }));
  const rounds = 3600 / ROUND_SEC;
  const header = piece.subarray(0, HEADER_BYTES);
  header.writeUInt32LE(36 + rounds * (piece.length - HEADER_BYTES), 4);
  header.writeUInt32LE(rounds * (piece.length - HEADER_BYTES), 40);
  await page.evaluate(
    ([content, headerBytes, count]) => {
      const bytes = new Blob([Uint8Array.from(atob(content), (byte) => byte.charCodeAt(0))]);
      const parts = Array.from({ length: count }, () => bytes.slice(headerBytes));
      const transfer = new DataTransfer();
      transfer.items.add(
        new File([bytes.slice(0, headerBytes), ...parts], 'hour.wav', { type: 'audio/wav' }),
      );
      const input = document.querySelector<HTMLInputElement>('#panel-files input[type=file]')!;
      input.files = transfer.files;
      input.dispatchEvent(new Event('change', { bubbles: true }));
    },
    [piece.toString('base64'), HEADER_BYTES, rounds] as const,
  );
}

test('an hour is heard to its end: progress all the way, every utterance, and a page that answers meanwhile', async () => {
  await using opened = await openPage(browser, site.url);
  const { page, complaints } = opened;
  await page.evaluate(() => {
    const shares = new Set<number>();
    Object.assign(globalThis, { shares });
    const note = () => {
      const progress = document.querySelector<HTMLProgressElement>('#panel-files progress');
      if (progress) shares.add(Math.floor(10 * progress.value));
      requestAnimationFrame(note);
    };
    note();
  });
  await chooseHour(page);
  const shown = view(page, 'hour.wav');
  await shown.getByText(/of about 1:00:0\d/u).waitFor();
  await page.getByRole('tab', { name: words.modes.voice }).click();
  await page.getByText(words.voice.intro).waitFor();
  await page.getByRole('tab', { name: words.modes.files }).click();
  await shown.getByRole('heading', { name: words.summary.heading }).waitFor({ timeout: 150_000 });
  const shares = await page.evaluate(() =>
    [...(globalThis as unknown as { shares: Set<number> }).shares].toSorted((a, b) => a - b),
  );
  expect(shares).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);

  expect(await shown.getByText('1:00:00').count()).toBeGreaterThan(0);
  const json = await taken(page, shown.getByRole('button', { name: words.takeAway.json }));
  const { durationSec, segments } = JSON.parse(json.bytes.toString());
  expect(durationSec).toBe(3600);
  expect(segments).toHaveLength(3600 / ROUND_SEC);
  for (const [round, { startSec }] of segments.entries()) {
    expect(startSec - ROUND_SEC * round).toBeGreaterThan(0.9);
    expect(startSec - ROUND_SEC * round).toBeLessThan(1.6);
  }
  // The last minute is played as readily as the first.
  const bars = shown.getByRole('toolbar').getByRole('button');
  await shown.getByLabel(words.timeline.zoom).selectOption({ label: '32×' });
  await bars.last().focus();
  await page.keyboard.press('Enter');
  await shown.getByRole('button', { name: words.timeline.pause, exact: true }).waitFor();
  expect(complaints).toEqual([]);
}, 240_000);

test('a Worker that dies and tells nobody is missed, and that is said; the next recording is heard', async () => {
  await using opened = await openPage(browser, site.url, { ready: false });
  const { page } = opened;
  await page.addInitScript(() => {
    const workers: Worker[] = [];
    globalThis.Worker = class extends Worker {
      constructor(...args: ConstructorParameters<typeof Worker>) {
        super(...args);
        workers.push(this);
      }
    };
    Object.assign(globalThis, { workers });
  });
  await page.reload();
  await page.locator('html[data-engine="ready"]').waitFor({ state: 'attached' });
  // What a system does that needs the memory: nothing comes from it, not even an error.
  await page.evaluate(() =>
    Worker.prototype.terminate.call((globalThis as unknown as { workers: Worker[] }).workers[0]),
  );
  await choose(page, await sample('man-plain.wav'));
  const shown = view(page, 'man-plain.wav');
  await shown.getByRole('progressbar').waitFor();
  const told = shown.getByRole('alert');
  await told.waitFor({ timeout: 60_000 });
  expect(await told.textContent()).toContain(words.engine.stopped(words.engine.silent(30)));
  await shown.getByRole('button', { name: words.files.tryAgain }).click();
  await verdictOf(shown).waitFor();
}, 120_000);
