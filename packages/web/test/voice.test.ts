import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeWav, Profile } from '@mars/core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CHROMIUM_TIMEOUT_MS } from '../../../test/chromium.ts';
import type { RunningServer } from '@mars/service/site';
import { words } from '../src/strings/en.ts';
import { violations } from './accessibility.ts';
import { SPEAKER } from './microphone.ts';
import { openBrowser, openPage, serveSite, untilReady } from './site.ts';

const SAMPLES = ['man-plain.wav', 'man-low-slow-soft.wav', 'man-high-fast-loud.flac'].map((name) =>
  join(import.meta.dirname, '../../../samples', name),
);

const SILENCE = Buffer.from(encodeWav({ samples: new Float32Array(16_000), sampleRate: 16_000 }));

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

const { learn, kept } = words.voice;
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const clips = (page: Page) => page.locator('#panel-voice li');

async function give(page: Page, input: string, files: Parameters<Page['setInputFiles']>[1]): Promise<void> {
  await page.locator(`#panel-voice input[type=file][aria-label="${input}"]`).setInputFiles(files);
}

async function learnFrom(page: Page, files: readonly string[]): Promise<void> {
  await give(page, learn.files, [...files]);
  await page.getByText(learn.progress(files.length, words.voice.wanted)).waitFor();
  await button(page, learn.learn).click();
  await page.getByText(learn.done).waitFor();
}

test('a voice is learnt, kept, saved, deleted and read again', async () => {
  await using opened = await openPage(browser, `${site.url}#voice`);
  const { page, complaints } = opened;
  const [first, second] = words.voice.prompts;

  await button(page, learn.learn).click();
  await page.getByText(learn.needsOne).waitFor();

  await page.getByText(first.text).waitFor();
  await page.locator('.prompt').getByLabel(learn.meant).selectOption(first.emotion);
  await button(page, learn.record).click();
  await page.getByRole('timer').getByText('0:02').waitFor();
  await button(page, learn.stop).click();
  await page.getByText(learn.progress(1, words.voice.wanted)).waitFor();

  // A line that is read once more takes the place of the one before.
  await button(page, learn.again).click();
  await page.getByRole('timer').getByText('0:02').waitFor();
  await button(page, learn.stop).click();
  await page.getByText(learn.progress(1, words.voice.wanted)).waitFor();
  expect(await clips(page).count()).toBe(1);

  await button(page, learn.next).click();
  await page.getByText(second.text).waitFor();
  expect(await button(page, learn.record).isEnabled()).toBe(true);
  const silence = { name: 'silence.wav', mimeType: 'audio/wav', buffer: SILENCE };
  await give(page, learn.files, silence);
  await page.getByText(learn.nobody).waitFor();
  await give(page, learn.files, {
    name: 'letter.wav',
    mimeType: 'audio/wav',
    buffer: Buffer.from('a letter'),
  });
  await clips(page).nth(2).locator('[role=status]').filter({ hasNotText: learn.checking }).waitFor();
  await give(page, learn.files, SAMPLES);
  await page.getByText(learn.progress(4, words.voice.wanted)).waitFor();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    expect(await violations(page, '#panel-voice')).toEqual([]);
  }
  await button(page, learn.learn).click();
  await page.getByText(learn.done).waitFor();
  await page.getByText('Learnt from 4 clips, 1 of them with their emotion').waitFor();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    expect(await violations(page, '#panel-voice')).toEqual([]);
  }

  await page.reload();
  await untilReady(page);
  await page.getByText('Learnt from 4 clips').waitFor();
  const [download] = await Promise.all([page.waitForEvent('download'), button(page, kept.export).click()]);
  const text = await readFile(await download.path(), 'utf8');
  const profile = Profile.parse(JSON.parse(text));
  expect(profile).toMatchObject({ model: 'flagship', clips: 4, labelled: 1 });

  // The verdict on a recording says that it rests on the profile, as long as that is switched on.
  await page.getByRole('tab', { name: words.modes.live }).click();
  const details = page.locator('#panel-live .result .details');
  const record = async (name: string) => {
    await button(page, name).click();
    await page.locator('#panel-live').getByRole('timer').getByText('0:02').waitFor();
    await button(page, words.record.stop).click();
    await details.waitFor();
  };
  await record(words.record.start);
  expect(await details.textContent()).toContain(words.voice.known(4, 0));
  await page.getByRole('tab', { name: words.modes.voice }).click();
  await page.getByRole('checkbox', { name: kept.on }).uncheck();
  await page.getByText(kept.isOff).waitFor();
  await page.getByRole('tab', { name: words.modes.live }).click();
  await record(words.record.again);
  expect(await details.textContent()).not.toContain(words.voice.known(4, 0));

  await page.getByRole('tab', { name: words.modes.voice }).click();
  await button(page, kept.delete).click();
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe(kept.no);
  await button(page, kept.no).click();
  await button(page, kept.delete).click();
  await button(page, kept.yes).click();
  await page.getByText(kept.deleted).waitFor();
  expect(await page.evaluate(() => localStorage.getItem('mars.profile'))).toBeNull();

  const choose = (content: string) =>
    give(page, words.voice.import.button, {
      name: 'me.json',
      mimeType: 'application/json',
      buffer: Buffer.from(content),
    });
  await choose('a letter');
  await page.getByText(words.voice.import.invalid).waitFor();
  await choose(text.replace('"flagship"', '"seed"'));
  await page.getByText(words.voice.import.otherModel('seed', 'flagship')).waitFor();
  await choose(text);
  await page.getByText(words.voice.import.done).waitFor();
  await page.getByText('Learnt from 4 clips').waitFor();
  expect(complaints).toEqual([]);
});

test('a browser whose storage is full loses a profile with the page, and that is said', async () => {
  await using opened = await openPage(browser, `${site.url}#voice`);
  const { page } = opened;
  // Filled to the last character.
  await page.evaluate(() => {
    let entries = 0;
    for (let length = 1 << 22; length >= 1; length >>= 1) {
      try {
        for (;;) localStorage.setItem(`filler ${entries++}`, ' '.repeat(length));
      } catch {
        continue;
      }
    }
  });
  await learnFrom(page, SAMPLES.slice(0, 1));
  await page.getByRole('alert').getByText(kept.onlyHere).waitFor();
  // It is used all the same.
  expect(await page.getByRole('checkbox', { name: kept.on }).isChecked()).toBe(true);
  const [saved] = await Promise.all([page.waitForEvent('download'), button(page, kept.export).click()]);
  expect(Profile.parse(JSON.parse(await readFile(await saved.path(), 'utf8')))).toMatchObject({ clips: 1 });
});
