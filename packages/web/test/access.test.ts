// That nobody is kept out: by a keyboard, a screen reader, a wish for less motion, or a screen of any width.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CHROMIUM_TIMEOUT_MS } from '../../../test/chromium.ts';
import type { RunningServer } from '@mars/service/site';
import { phrase } from '../src/results/describe.ts';
import { words } from '../src/strings/en.ts';
import { SPEAKER } from './microphone.ts';
import { choose, sample, SAMPLE_RATE, scoresOn, talk, verdictOf, view, wav } from './recordings.ts';
import { openBrowser, openPage, serveSite } from './site.ts';

let site: RunningServer;
let browser: Browser;

beforeAll(async () => {
  [site, browser] = await Promise.all([serveSite(), openBrowser({ microphone: SPEAKER })]);
}, CHROMIUM_TIMEOUT_MS);
afterAll(async () => {
  await browser?.close();
  await site?.[Symbol.asyncDispose]();
});

/** What has the keyboard, by its name. */
const focused = (page: Page) =>
  page.evaluate(() => {
    const { activeElement } = document;
    return activeElement?.getAttribute('aria-label') ?? activeElement?.textContent.trim();
  });

async function tabTo(page: Page, name: string, key = 'Tab'): Promise<void> {
  for (let i = 0; i < 40 && (await focused(page)) !== name; i++) await page.keyboard.press(key);
  expect(await focused(page)).toBe(name);
}

test('with the keyboard alone: choose files, sort, look, play, explain, take away, remove', async () => {
  await using opened = await openPage(browser, site.url);
  const { page, complaints } = opened;
  const { keyboard } = page;
  const chosen = page.waitForEvent('filechooser');
  await keyboard.press('Tab');
  expect(await focused(page)).toBe(words.skip);
  await keyboard.press('Enter');
  await tabTo(page, words.files.choose);
  await keyboard.press('Enter');
  const chooser = await chosen;
  expect(chooser.isMultiple()).toBe(true);
  await chooser.setFiles([await sample('man-plain.wav'), wav('talk.wav', talk(8))]);
  await page.getByRole('button', { name: words.files.clear }).waitFor();

  await tabTo(page, words.table.columns.length);
  await keyboard.press('Enter');
  await tabTo(page, 'talk.wav');
  await keyboard.press('Enter');
  const shown = view(page, 'talk.wav');
  await shown.waitFor();
  await tabTo(page, words.timeline.play);
  await keyboard.press('Enter');
  await shown.getByRole('button', { name: words.timeline.pause, exact: true }).waitFor();
  await keyboard.press('Enter');
  await shown.getByRole('button', { name: words.timeline.play, exact: true }).waitFor();
  await tabTo(page, words.timeline.spectrogram);
  await keyboard.press('Enter');
  await shown.getByRole('img', { name: words.timeline.spectrogramOf('talk.wav') }).waitFor();
  await tabTo(page, words.timeline.explain);
  await keyboard.press('Space');
  await shown.getByText('Marked is').waitFor();
  await tabTo(page, words.takeAway.json);
  const [download] = await Promise.all([page.waitForEvent('download'), keyboard.press('Enter')]);
  expect(download.suggestedFilename()).toBe('talk.json');

  // What is pressed and then gone takes nobody's place away.
  await tabTo(page, words.files.remove, 'Shift+Tab');
  await keyboard.press('Enter');
  expect(await focused(page)).toBe(words.files.drop);
  await tabTo(page, words.files.choose);
  await choose(page, wav('long.wav', talk(12 * 60)));
  await tabTo(page, words.files.cancel);
  await keyboard.press('Enter');
  await expect.poll(() => focused(page)).toBe(words.files.tryAgain);
  await tabTo(page, words.files.clear, 'Shift+Tab');
  await keyboard.press('Enter');
  expect(await focused(page)).toBe(words.files.drop);
  expect(await page.locator('#panel-files article').count()).toBe(0);
  await tabTo(page, words.aboutModel);
  await keyboard.press('Enter');
  expect(await focused(page)).toBe(words.model.close);
  await keyboard.press('Escape');
  expect(await focused(page)).toBe(words.aboutModel);
  expect(complaints).toEqual([]);
});

/** The pictures of a page, shadow trees included, and what a screen reader says of each; nothing of those it passes over. */
function pictures(page: Page): Promise<(string | null)[]> {
  return page.evaluate(() => {
    const said: (string | null)[] = [];
    const look = (root: Document | ShadowRoot) => {
      for (const element of root.querySelectorAll('*')) {
        if (element.shadowRoot) look(element.shadowRoot);
        if (!['canvas', 'svg', 'img', 'video'].includes(element.localName)) continue;
        said.push(textFor(element));
      }
    };
    const textFor = (picture: Element): string | null => {
      let isHidden = false;
      for (let each: Element | null = picture; each; each = outside(each)) {
        if (each.getAttribute('role') === 'img') return each.getAttribute('aria-label');
        isHidden ||= each.getAttribute('aria-hidden') === 'true';
      }
      return isHidden ? '' : null;
    };
    const outside = (element: Element): Element | null => {
      const root = element.getRootNode();
      return element.parentElement ?? (root instanceof ShadowRoot ? root.host : null);
    };
    look(document);
    return said;
  });
}

test('every picture has its words, or is an ornament', async () => {
  await using opened = await openPage(browser, site.url);
  const { page } = opened;
  await page.getByRole('button', { name: words.samples['man-plain.wav'], exact: true }).click();
  const shown = view(page, 'man-plain.wav');
  await shown.getByRole('button', { name: words.timeline.spectrogram }).click();
  await shown.locator('.spectrogram').waitFor();
  const said = await pictures(page);
  expect(said.length).toBeGreaterThan(3);
  expect(said).not.toContain(null);
  expect(said).toContain(words.timeline.spectrogramOf('man-plain.wav'));
  expect(said).toContainEqual(
    expect.stringMatching(/^Waveform of man-plain\.wav\. \d\.\d s\. \w.*, \d+%\.$/),
  );
  expect(said).toContainEqual(expect.stringMatching(/^The last \d+ seconds: how loud it was/));
  // A change of what is shown is told, too.
  const status = page.locator('#panel-files > div > [role=status]');
  expect(await status.textContent()).toMatch(/^man-plain\.wav: \w.*, \d+%$/);
});

test('who asked for less motion sees none', async () => {
  await using opened = await openPage(browser, site.url, {
    reducedMotion: 'reduce',
    viewport: { width: 800, height: 500 },
  });
  const { page } = opened;
  await page.evaluate(() => {
    const seen = { motions: [] as string[], scrolls: [] as unknown[] };
    Object.assign(globalThis, { seen });
    const note = () => {
      for (const { playState, effect } of document.getAnimations()) {
        if (playState === 'running' && Number(effect?.getComputedTiming().duration) > 0) {
          seen.motions.push(String((effect as KeyframeEffect).target?.className));
        }
      }
      requestAnimationFrame(note);
    };
    note();
    Element.prototype.scrollIntoView = (options) => {
      seen.scrolls.push((options as ScrollIntoViewOptions).behavior);
    };
  });
  await choose(page, wav('talk.wav', talk(40)));
  const shown = view(page, 'talk.wav');
  await verdictOf(shown).waitFor();
  await shown.getByRole('button', { name: words.timeline.spectrogram }).hover();
  await shown.getByRole('toolbar').getByRole('button').nth(1).click();
  expect(await page.evaluate(() => (globalThis as unknown as { seen: unknown }).seen)).toEqual({
    motions: [],
    scrolls: ['instant'],
  });
});

test.each([360, 768, 1440, 3840])(
  '%i px: nothing is cut off, nothing is wider than the screen',
  async (width) => {
    await using opened = await openPage(browser, site.url, {
      viewport: { width, height: width > 2000 ? 2160 : 800 },
    });
    const { page } = opened;
    await choose(
      page,
      wav('a recording with a name as long as those that telephones give.wav', talk(70)),
      await sample('man-plain.wav'),
    );
    await page.getByRole('button', { name: words.files.clear }).waitFor();
    for (const mode of ['files', 'live', 'voice'] as const) {
      await page.getByRole('tab', { name: words.modes[mode] }).click();
      const { wide, cut } = await page.evaluate(() => {
        const isScrolled = (element: Element) => element.closest('.scroll, .unseen, .strip, .wave') !== null;
        const name = (element: Element) =>
          `${element.localName}.${element.className}: ${element.textContent.slice(0, 40)}`;
        const all = [...document.querySelectorAll('header *, main *, footer *')].filter(
          (element) => element.getClientRects().length > 0 && !isScrolled(element),
        );
        return {
          wide: all.filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5).map(name),
          cut: all
            .filter(
              (element) => element.localName === 'button' && element.scrollWidth > element.clientWidth + 1,
            )
            .map(name),
        };
      });
      expect(wide, mode).toEqual([]);
      expect(cut, mode).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
    }
    // On a wall, letters are as large for whoever stands before it.
    const letters = await page.evaluate(() => parseFloat(getComputedStyle(document.body).fontSize));
    expect(letters).toBeGreaterThanOrEqual(width > 2000 ? 24 : 16);
  },
);

test('hovering reads the scores of that moment, and a click plays that span to its end', async () => {
  await using opened = await openPage(browser, site.url, { viewport: { width: 1200, height: 1400 } });
  const { page, complaints } = opened;
  await choose(page, wav('talk.wav', talk(9)));
  const shown = view(page, 'talk.wav');
  const bars = shown.getByRole('toolbar').getByRole('button');
  await bars.first().waitFor();
  const whole = await scoresOn(shown);
  const wave = (await shown.locator('.wave').boundingBox())!;
  const bar = (await bars.nth(1).boundingBox())!;
  const y = wave.y + wave.height / 2;
  await page.mouse.move(bar.x + bar.width / 2, y);
  const there = await scoresOn(shown);
  expect(there).not.toEqual(whole);
  const [emotion, highest] = Object.entries(there).toSorted(([, a], [, b]) => b - a)[0];
  const name = (await bars.nth(1).getAttribute('aria-label'))!;
  expect(name).toContain(phrase({ verdict: 'emotion', emotion, confidence: highest }).split(',')[0]);
  expect(name).toContain(`${Math.round(100 * highest)}%`);
  expect(await shown.getByText(/^At 0:0\d\.\d$/u).count()).toBe(1);
  // Between two utterances nobody speaks.
  await page.mouse.move(bar.x - 4, y);
  expect(await shown.getByText(/^At 0:0\d\.\d: a pause$/u).count()).toBe(1);
  await page.mouse.move(0, 0);
  expect(await scoresOn(shown)).toEqual(whole);

  const startedMs = performance.now();
  await bars.nth(1).click();
  await shown.getByRole('button', { name: words.timeline.pause, exact: true }).waitFor();
  await shown.getByRole('button', { name: words.timeline.play, exact: true }).waitFor();
  const playedSec = (performance.now() - startedMs) / 1000;
  // The voice of `talk` lasts about 2.3 s, a bar of it no longer than that and its frames.
  expect(playedSec).toBeGreaterThan((bar.width / wave.width) * 9 - 0.5);
  expect(playedSec).toBeLessThan((bar.width / wave.width) * 9 + 2);
  expect(complaints).toEqual([]);
});

test('what is too short to be sure of is shown as such, in words, letters and outlines', async () => {
  await using opened = await openPage(browser, site.url);
  const { page } = opened;
  const word = new Float32Array(1.5 * SAMPLE_RATE);
  word.set(talk(4).subarray(0.3 * SAMPLE_RATE, 0.7 * SAMPLE_RATE), 0.5 * SAMPLE_RATE);
  await choose(page, wav('word.wav', word));
  const shown = view(page, 'word.wav');
  await verdictOf(shown).waitFor();
  expect(await verdictOf(shown).textContent()).toBe(words.verdict.unsure);
  expect(await shown.getByText(/^perhaps \w+, not sure/u).count()).toBe(1);
  expect(await shown.locator('.headline .letter.hollow').count()).toBe(1);
  const bar = shown.getByRole('toolbar').getByRole('button');
  await bar.waitFor();
  expect(await bar.getAttribute('aria-label')).toMatch(/perhaps \w+, not sure/u);
  expect(await bar.locator('.hollow').count()).toBe(1);
});
