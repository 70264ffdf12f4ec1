/**
 * What the page costs in a real Chromium, served from this machine: from the address to the first verdict of a clip of
 * 3 s, verdicts after that, and how long the main thread is held while recordings are heard and while it listens live.
 *
 *   node bench/page.ts
 */
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { syntheticVoice } from '../packages/core/test/synthetic-voice.ts';
import { openBrowser, openPage, serveSite, untilOffline, wavFile } from '../packages/web/test/site.ts';
import { buildSite } from '../packages/web/server/site.ts';
import { words } from '../packages/web/src/strings/en.ts';
import { show, summarise } from './measure.ts';

const ROUNDS = 5;
const WARM = 8;
const SAMPLE_RATE = 16_000;

const syllables = syntheticVoice(' saisou  eiasoue saosia ');
const voice = (seconds: number) =>
  Float32Array.from({ length: seconds * SAMPLE_RATE }, (_, i) => syllables[i % syllables.length]);
const recording = (seconds: number) =>
  wavFile({ samples: voice(seconds), sampleRate: SAMPLE_RATE }).buffer.toString('base64');

interface Figures {
  readonly firstPaint: number;
  readonly largestPaint: number;
  readonly ready: number;
  readonly verdict: number;
  readonly held: number;
  readonly shift: number;
}

/** In the page, before its own scripts: notes what it goes through, and drops a file as soon as it is seen. */
function observe(base64: string): void {
  const noted = { held: 0, ready: 0, verdict: 0 };
  const file = (name: string, content: string) =>
    new File([Uint8Array.from(atob(content), (byte) => byte.charCodeAt(0))], name, { type: 'audio/wav' });
  const give = (input: HTMLInputElement, given: File) => {
    const files = new DataTransfer();
    files.items.add(given);
    input.files = files.files;
    input.dispatchEvent(new Event('change', { bubbles: true }));
  };
  const input = () => document.querySelector<HTMLInputElement>('#panel-files input[type="file"]');
  /** Milliseconds from a file's coming to the frame that shows its verdict. */
  const hear = async (name: string, content: string) => {
    // A person's file is there; this one has to be made of what the bench sent.
    const made = file(name, content);
    const given = performance.now();
    give(input()!, made);
    while (document.querySelector(`[aria-label="${name}"] [data-verdict]`) === null) {
      await new Promise(requestAnimationFrame);
    }
    return performance.now() - given;
  };
  Object.assign(globalThis, { noted, hear });
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) noted.held += Math.max(0, duration - 50);
  }).observe({ type: 'longtask', buffered: true });
  const look = () => {
    if (noted.ready === 0 && document.documentElement?.dataset['engine'] === 'ready') {
      noted.ready = performance.now();
    }
    // Nobody drops a file on what is not seen yet.
    const isSeen = performance.getEntriesByName('first-contentful-paint').length > 0;
    if (input() === null || !isSeen) requestAnimationFrame(look);
    else void hear('first.wav', base64).then(() => (noted.verdict = performance.now()));
  };
  look();
  new MutationObserver(() => (noted.ready ||= performance.now())).observe(document, {
    subtree: true,
    attributeFilter: ['data-engine'],
  });
}

/** In the page only: what the script above puts there. */
declare const noted: Pick<Figures, 'held' | 'ready' | 'verdict'>;
declare const hear: (name: string, content: string) => Promise<number>;

/** From nothing: no cache, no service worker, and a file that is dropped as soon as the page is seen. */
async function firstVisit(browser: Browser, url: string): Promise<Figures> {
  await using opened = await openPage(browser, 'about:blank', { ready: false });
  const { page } = opened;
  await page.addInitScript(observe, recording(3));
  await page.goto(url);
  await page.waitForFunction(() => noted.verdict > 0 && noted.ready > 0);
  const largestPaint = await page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const take = (list: PerformanceObserverEntryList) => resolve(list.getEntries().at(-1)!.startTime);
        new PerformanceObserver(take).observe({ type: 'largest-contentful-paint', buffered: true });
      }),
  );
  const shift = await opened.layoutShift();
  return await page.evaluate(
    (others) => {
      const [paint] = performance.getEntriesByName('first-contentful-paint');
      return { ...noted, ...others, firstPaint: paint.startTime };
    },
    { largestPaint, shift },
  );
}

/** Milliseconds that the main thread was held beyond 50 at a stretch while something was done. */
async function heldDuring(page: Page, work: () => Promise<unknown>): Promise<number> {
  const before = await page.evaluate(() => noted.held);
  await work();
  return (await page.evaluate(() => noted.held)) - before;
}

// As `npm run build` writes it for any static host: what goes over the wire there.
await using folder = await mkdtempDisposable(join(tmpdir(), 'mars-page-'));
const built = join(folder.path, 'dist');
await buildSite(built, { quality: 11 });
await using site = await serveSite({ folder: built });
await using browser = await openBrowser({ microphone: { samples: voice(10), sampleRate: SAMPLE_RATE } });

const visits: Figures[] = [];
for (let round = 0; round < ROUNDS; round += 1) visits.push(await firstVisit(browser, site.url));
const median = (name: keyof Figures, digits = 0) =>
  show(summarise(visits.map((visit) => visit[name])), digits);

await using opened = await openPage(browser, 'about:blank', { ready: false });
const { page } = opened;
const before = site.sentBytes();
await page.addInitScript(observe, recording(3));
await page.goto(site.url);
await page.waitForFunction(() => noted.verdict > 0);
await untilOffline(page);
const wire = site.sentBytes() - before;

const clip = recording(3);
const warm: number[] = [];
const heldByClips = await heldDuring(page, async () => {
  for (let i = 0; i < WARM; i += 1) {
    warm.push(await page.evaluate(([name, content]) => hear(name, content), [`clip-${i}.wav`, clip]));
    // The next one is not kept waiting by this one's timeline.
    await page.getByText(words.takeAway.heading, { exact: true }).first().waitFor();
    await page.waitForTimeout(300);
  }
});
const minute = recording(60);
let minuteMs = 0;
const heldByMinute = await heldDuring(page, async () => {
  minuteMs = await page.evaluate((content) => hear('minute.wav', content), minute);
});
await page.getByRole('tab', { name: words.modes.live }).click();
await page.getByRole('radio', { name: words.live.listen }).check();
const heldLive = await heldDuring(page, async () => {
  await page.getByRole('button', { name: words.live.start, exact: true }).click();
  await page.waitForTimeout(10_000);
});

console.log(`Chromium ${browser.version()}, from this machine; medians with minimum and maximum, ms.

First visit, ${ROUNDS} times, a file of 3 s dropped as soon as the page is seen
  first contentful paint     ${median('firstPaint')}
  largest contentful paint   ${median('largestPaint')}
  recogniser ready and warm  ${median('ready')}
  first verdict              ${median('verdict')}        at most 2000
  main thread held           ${median('held')}        beyond 50 ms at a stretch
  layout shift               ${median('shift', 3)}
  over the wire              ${(wire / 1e6).toFixed(2)} MB          at most 7, what is kept for offline included

After that
  verdict of a clip of 3 s   ${show(summarise(warm), 0)}        at most 100; its timeline comes after it
  recording of a minute      ${minuteMs.toFixed(0)}
  main thread held by ${WARM} clips ${heldByClips.toFixed(0)}, by the minute ${heldByMinute.toFixed(0)}, in 10 s of listening live ${heldLive.toFixed(0)}`);
