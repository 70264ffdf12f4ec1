import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeAudio, loadRecogniser, type Timeline } from '@mars/core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CHROMIUM_TIMEOUT_MS, launchChromium } from '../../../test/chromium.ts';
import type { RunningServer } from '@mars/service/site';
import { phrase } from '../src/results/describe.ts';
import { words } from '../src/strings/en.ts';
import { violations } from './accessibility.ts';
import { breakMicrophone, isListening, SPEAKER, unplug, watchMicrophone } from './microphone.ts';
import { openBrowser, openPage, serveSite, type OpenPage } from './site.ts';

let site: RunningServer;
let browser: Browser;

beforeAll(async () => {
  site = await serveSite();
  browser = await openBrowser({ microphone: SPEAKER });
}, CHROMIUM_TIMEOUT_MS);
afterAll(async () => {
  await browser?.close();
  await site?.[Symbol.asyncDispose]();
});

async function openLive(options: Parameters<typeof openPage>[2] = {}): Promise<OpenPage> {
  const viewport = { width: 1000, height: 900 };
  const opened = await openPage(browser, `${site.url}#live`, { viewport, ...options });
  await watchMicrophone(opened.page);
  return opened;
}

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

/** The second of the two ways, chosen. */
async function chooseListening(page: Page): Promise<void> {
  await page.getByRole('radio', { name: words.live.listen }).check();
}

const historyRows = (page: Page) => page.locator('#panel-live tbody tr');

async function saved(page: Page, name: string): Promise<Buffer> {
  const [download] = await Promise.all([page.waitForEvent('download'), button(page, name).click()]);
  return readFile(await download.path());
}

test('a recording gets the verdict that its file gets anywhere else', async () => {
  await using opened = await openLive();
  const { page, complaints } = opened;
  await button(page, words.record.start).click();
  await page
    .getByRole('timer')
    .getByText(/0:0[2-9]/u)
    .waitFor();
  expect(await isListening(page)).toBe(true);

  await button(page, words.record.pause).click();
  expect(await isListening(page)).toBe(false);
  const paused = await page.getByRole('timer').first().textContent();
  await page.waitForTimeout(300);
  expect(await page.getByRole('timer').first().textContent()).toBe(paused);
  await button(page, words.record.resume).click();
  await page
    .getByRole('timer')
    .getByText(/0:0[4-9]/u)
    .waitFor();
  await button(page, words.record.stop).click();
  expect(await isListening(page)).toBe(false);

  const heard = page.locator('#panel-live .result .headline');
  await heard.waitFor();
  const wav = await saved(page, words.record.save);
  await using recogniser = await loadRecogniser(
    await readFile(join(import.meta.dirname, '../../../models/flagship/model.onnx')),
  );
  const { samples, sampleRate } = await decodeAudio(wav);
  expect(samples.length / sampleRate).toBeGreaterThan(3.5);
  // What the fake microphone says is in it, and at its own loudness.
  expect(samples.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0)).toBeGreaterThan(0.2);
  const { verdict, emotion, confidence } = await recogniser.classify(wav);
  const details = await page.locator('#panel-live .result .details').textContent();
  expect(details).toContain(`${Math.round(100 * confidence)}%`);
  const expected =
    verdict === 'uncertain' ? words.verdict.unsure : words.verdict.sounds(words.emotions[emotion!]);
  expect(await heard.textContent()).toBe(expected);

  expect(complaints).toEqual([]);
  await button(page, words.record.details).click();
  expect(await page.getByRole('tab', { name: words.modes.files }).getAttribute('aria-selected')).toBe('true');
  await page.getByRole('tab', { name: words.modes.live }).click();
  await button(page, words.record.again).click();
  await page.getByRole('timer').getByText('0:01').waitFor();
  await button(page, words.record.discard).click();
  expect(await isListening(page)).toBe(false);
});

test('live, the strip moves, each utterance gets its line, and the end a summary to take away', async () => {
  await using opened = await openLive();
  const { page, complaints } = opened;
  await chooseListening(page);
  await page.getByRole('checkbox', { name: words.live.oneSpeaker }).check();
  await page.getByRole('checkbox', { name: words.live.keep }).check();
  await button(page, words.live.start).click();
  await page.getByText(words.live.states.speaking).waitFor();

  const strip = page.locator('canvas');
  const picture = () => strip.evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
  const before = await picture();
  await page.waitForTimeout(150);
  expect(await picture()).not.toBe(before);
  const place = () => strip.boundingBox();
  const placeBefore = await place();

  await historyRows(page).nth(1).waitFor({ timeout: 20_000 });
  // The verdict on the second rests on the first: one person speaks.
  await page.getByText(words.voice.known(0, 1)).waitFor();
  // What stands above the history stays where it is while verdicts come.
  expect(await place()).toEqual(placeBefore);
  await button(page, words.live.pause).click();
  await page.getByText(words.live.states.paused).waitFor();
  expect(await isListening(page)).toBe(false);
  await button(page, words.live.resume).click();
  await historyRows(page).nth(2).waitFor({ timeout: 20_000 });
  const spoken = await page.locator('#panel-live [aria-live=polite].unseen').textContent();

  await button(page, words.live.stop).click();
  await page.getByRole('heading', { name: words.live.summary }).waitFor();
  expect(await isListening(page)).toBe(false);
  const timeline = JSON.parse((await saved(page, words.live.saveJson)).toString()) as Timeline;
  const rows = await historyRows(page).count();
  expect(timeline.segments).toHaveLength(rows);
  expect(rows).toBeGreaterThanOrEqual(3);
  expect(timeline.segments.some((segment) => spoken!.includes(phrase(segment)))).toBe(true);
  for (const { scores, startSec, endSec } of timeline.segments) {
    expect(scores.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 5);
    // The two utterances last 1.5 s each: none was taken for one with the next.
    expect(endSec - startSec).toBeLessThan(3);
  }
  const { samples, sampleRate } = await decodeAudio(await saved(page, words.live.saveSound));
  expect(samples.length / sampleRate).toBeCloseTo(timeline.durationSec, 1);
  const first = timeline.segments.at(-1)!;
  await historyRows(page).first().getByRole('button').click();
  await expect
    .poll(() => page.locator('audio').evaluate((audio: HTMLAudioElement) => audio.currentTime))
    .toBeGreaterThan(first.startSec);
  expect(complaints).toEqual([]);
});

test('when the recogniser falls while it listens, it is started again, and that is said', async () => {
  await using opened = await openLive();
  const { page } = opened;
  await chooseListening(page);
  await button(page, words.live.start).click();
  await historyRows(page).first().waitFor({ timeout: 20_000 });
  const fallen = page.workers()[0];
  await fallen.evaluate(() => {
    setTimeout(() => {
      throw new Error('fell');
    });
  });
  await page.getByText('It was started again').waitFor({ timeout: 10_000 });
  const rows = await historyRows(page).count();
  await historyRows(page).nth(rows).waitFor({ timeout: 20_000 });
  await button(page, words.live.stop).click();
  await page.getByRole('heading', { name: words.live.summary }).waitFor();
  // What was said before is still there.
  expect(await historyRows(page).count()).toBeGreaterThan(rows);
});

test('a microphone that is pulled out ends a recording with what there is, and pauses what is live', async () => {
  await using opened = await openLive();
  const { page } = opened;
  await button(page, words.record.start).click();
  await page.getByRole('timer').getByText('0:02').waitFor();
  await unplug(page);
  await page.getByText(words.microphone.problems.unplugged.title).waitFor();
  await page.locator('#panel-live .result .headline').waitFor();

  await chooseListening(page);
  await button(page, words.live.start).click();
  await page.getByText(words.live.states.speaking).waitFor();
  await unplug(page);
  const panel = page.locator('#panel-live > section > div:not([hidden])');
  await panel.getByText(words.microphone.problems.unplugged.title).waitFor();
  await panel.getByRole('button', { name: words.microphone.again }).click();
  await historyRows(page).nth(1).waitFor({ timeout: 20_000 });
  expect(await panel.getByRole('alert').count()).toBe(0);
});

test('of several microphones one is chosen, and another one while it listens', async () => {
  await using opened = await openLive();
  const { page, complaints } = opened;
  const picker = page.locator('#panel-live').getByLabel(words.microphone.device).first();
  const inUse = () =>
    page.evaluate(() => {
      const [track] = (globalThis as unknown as { given: MediaStream[] }).given.at(-1)!.getTracks();
      return track.getSettings().deviceId;
    });
  expect(await picker.isDisabled()).toBe(true);
  await button(page, words.record.start).click();
  await page.getByRole('timer').getByText('0:01').waitFor();
  // They are asked for when the microphone is open, and come when they come.
  await expect.poll(() => picker.locator('option').count(), { timeout: 20_000 }).toBe(3);
  const names = await picker.locator('option').allTextContents();
  expect(names[0]).toBe(words.microphone.preferred);
  // The two that Chromium feigns beside its default, which is the first entry.
  expect(names.slice(1)).toEqual(['Fake Audio Input 1', 'Fake Audio Input 2']);

  const values = await picker
    .locator('option')
    .evaluateAll((all) => all.map((each) => (each as HTMLOptionElement).value));
  for (const value of values.slice(1)) {
    await picker.selectOption(value);
    await expect.poll(inUse).toBe(value);
    expect(await isListening(page)).toBe(true);
  }
  // What was heard before the change is kept, and both ways of listening share the choice.
  await page.getByRole('timer').getByText('0:03').waitFor();
  await button(page, words.record.stop).click();
  await page.locator('#panel-live .result .headline').waitFor();
  await chooseListening(page);
  await button(page, words.live.start).click();
  await page.getByText(words.live.states.speaking).waitFor();
  expect(await inUse()).toBe(values[2]);
  expect(await page.locator('#panel-live').getByLabel(words.microphone.device).last().inputValue()).toBe(
    values[2],
  );
  expect(complaints).toEqual([]);

  // It is pulled out: the next try takes whichever there is.
  await page.evaluate((gone) => {
    const { mediaDevices } = navigator;
    const getUserMedia = mediaDevices.getUserMedia.bind(mediaDevices);
    const enumerateDevices = mediaDevices.enumerateDevices.bind(mediaDevices);
    mediaDevices.getUserMedia = async (constraints) => {
      if (JSON.stringify(constraints).includes(gone)) throw new OverconstrainedError('deviceId', 'as told');
      return getUserMedia(constraints);
    };
    mediaDevices.enumerateDevices = async () =>
      (await enumerateDevices()).filter(({ deviceId }) => deviceId !== gone);
  }, values[2]);
  await unplug(page);
  const panel = page.locator('#panel-live > section > div:not([hidden])');
  await panel.getByText(words.microphone.problems.unplugged.title).waitFor();
  await panel.getByRole('button', { name: words.microphone.again }).click();
  await page.getByText(words.live.states.speaking).waitFor();
  expect(await inUse()).not.toBe(values[2]);
  const left = page.locator('#panel-live').getByLabel(words.microphone.device).last().locator('option');
  await expect
    .poll(() => left.allTextContents(), { timeout: 20_000 })
    .toEqual([words.microphone.preferred, 'Fake Audio Input 1']);
});

test('who asked for less motion sees a strip that moves twice a second, and no faster', async () => {
  await using opened = await openLive({ reducedMotion: 'reduce' });
  const { page } = opened;
  await chooseListening(page);
  await button(page, words.live.start).click();
  await page.getByText(words.live.states.speaking).waitFor();
  const pictures = await page.locator('#panel-live canvas').evaluate(async (canvas: HTMLCanvasElement) => {
    const seen = new Set<string>();
    const until = performance.now() + 2000;
    while (performance.now() < until) {
      await new Promise(requestAnimationFrame);
      seen.add(canvas.toDataURL());
    }
    return seen.size;
  });
  expect(pictures).toBeGreaterThan(1);
  expect(pictures).toBeLessThanOrEqual(6);
});

test('what a browser says of a microphone is told, and can be tried again', async () => {
  await using opened = await openLive();
  const { page } = opened;
  for (const [name, problem] of [
    ['NotReadableError', 'busy'],
    ['OverconstrainedError', 'gone'],
    ['UnknownError', 'failed'],
  ] as const) {
    await breakMicrophone(page, name);
    for (const press of [words.record.start, words.microphone.again]) {
      await button(page, press).click();
      await page.getByRole('alert').getByText(words.microphone.problems[problem].title).waitFor();
    }
    // Nothing is left over: the page is as before the click.
    expect(await button(page, words.record.start).isEnabled()).toBe(true);
  }
});

test('a microphone that is not allowed, and none at all, are told', async () => {
  const asks = ['--use-fake-device-for-media-stream', '--deny-permission-prompts'];
  for (const [args, problem] of [
    [asks, 'denied'],
    [['--use-fake-ui-for-media-stream'], 'none'],
  ] as const) {
    await using other = await launchChromium(args);
    await using opened = await openPage(other, `${site.url}#live`, { ready: false });
    const { page } = opened;
    await button(page, words.record.start).click();
    await page.getByRole('alert').getByText(words.microphone.problems[problem].title).waitFor();
    await chooseListening(page);
    await button(page, words.live.start).click();
    const told = page.locator('#panel-live > section > div:not([hidden])').getByRole('alert');
    await told.waitFor();
    expect(await told.textContent()).toContain(words.microphone.problems[problem].advice);
  }
});

test('at an address that is not secure, the page says where it can listen', async () => {
  await using other = await launchChromium(['--host-resolver-rules=MAP mars.test 127.0.0.1']);
  const { port } = new URL(site.url);
  await using opened = await openPage(other, `http://mars.test:${port}/#live`, { ready: false });
  const { page } = opened;
  expect(await page.evaluate(() => isSecureContext)).toBe(false);
  await button(page, words.record.start).click();
  await page.getByRole('alert').getByText(words.microphone.problems.insecure.title).waitFor();
});

test('with the keyboard alone, and with nothing that keeps anybody out: record, listen live, pause, stop', async () => {
  await using opened = await openLive();
  const { page } = opened;
  const { keyboard } = page;
  const expectOpenToAll = async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      expect(await violations(page, '#panel-live')).toEqual([]);
    }
  };
  await page.getByRole('tab', { name: words.modes.live }).focus();
  const focused = () => page.evaluate(() => document.activeElement?.textContent.trim());
  const tabTo = async (name: string) => {
    for (let i = 0; i < 12 && (await focused()) !== name; i++) await keyboard.press('Tab');
    expect(await focused()).toBe(name);
  };
  await tabTo(words.record.start);
  await keyboard.press('Enter');
  await page.getByRole('timer').getByText('0:02').waitFor();
  expect(await focused()).toBe(words.record.stop);
  await expectOpenToAll();
  await keyboard.press('Enter');
  await page.locator('#panel-live .result .headline').waitFor();
  expect(await focused()).toBe(words.record.again);
  await expectOpenToAll();

  await keyboard.press('Shift+Tab');
  await keyboard.press('ArrowRight');
  await tabTo(words.live.start);
  await keyboard.press('Enter');
  await page.getByText(words.live.states.speaking).waitFor();
  await expectOpenToAll();
  await tabTo(words.live.pause);
  await keyboard.press('Space');
  await page.getByText(words.live.states.paused).waitFor();
  await keyboard.press('Shift+Tab');
  expect(await focused()).toBe(words.live.stop);
  await keyboard.press('Enter');
  await page.getByRole('heading', { name: words.live.summary }).waitFor();
  expect(await focused()).toBe(words.live.again);
  await expectOpenToAll();
});
