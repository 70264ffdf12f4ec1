import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { encodeWav, type Audio } from '@mars/core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { launchChromium } from '../../../test/chromium.ts';
import { listen, staticFiles, type RunningServer } from '@mars/service/site';
import { buildSite, fingerprint } from '../server/site.ts';

const BUILDS = join(import.meta.dirname, '../../../.cache/web');
const LOCK = join(BUILDS, 'lock');
/** Longer than any test. */
const KEPT_MS = 1_200_000;
/** Longer than any build. */
const LOCK_MS = 180_000;

/**
 * The folder of the page as its sources are now. Test files run side by side: the first one builds, the others wait for it,
 * and none builds what is built already.
 */
export async function builtSite(): Promise<string> {
  await mkdir(BUILDS, { recursive: true });
  for (;;) {
    const folder = join(BUILDS, await fingerprint());
    if (existsSync(folder)) return folder;
    if (await locked()) {
      try {
        if (!existsSync(folder)) {
          await removeOlder();
          await buildSite(folder);
        }
        return folder;
      } finally {
        await rm(LOCK, { recursive: true, force: true });
      }
    }
    await setTimeout(200);
  }
}

/** Making a folder succeeds for one only. A lock that has outlived any build is of one that was killed. */
async function locked(): Promise<boolean> {
  try {
    await mkdir(LOCK);
    return true;
  } catch {
    const made = await stat(LOCK).catch(() => undefined);
    if (made !== undefined && Date.now() - made.mtimeMs > LOCK_MS)
      await rm(LOCK, { recursive: true, force: true });
    return false;
  }
}

/** Builds that no test can be using any more. */
async function removeOlder(): Promise<void> {
  for (const name of await readdir(BUILDS)) {
    const path = join(BUILDS, name);
    const { mtimeMs } = await stat(path);
    if (path !== LOCK && Date.now() - mtimeMs > KEPT_MS) await rm(path, { recursive: true, force: true });
  }
}

export interface ServedSite extends RunningServer {
  /** The path of each request that has reached the server: not those that a cache answered. */
  readonly asked: string[];
  /** How many bytes of files have been sent until now, compressed as they were. */
  sentBytes(): number;
}

/** Serves the page as it is now, or that of a folder, from a port of its own; `await using` stops it. */
export async function serveSite({
  port = 0,
  folder,
}: { port?: number; folder?: string } = {}): Promise<ServedSite> {
  const answer = staticFiles(folder ?? (await builtSite()));
  const asked: string[] = [];
  let sent = 0;
  const server = await listen(
    (request, response) => {
      asked.push(request.url ?? '');
      response.on('finish', () => (sent += Number(response.getHeader('content-length') ?? 0)));
      answer(request, response);
    },
    { port, tries: 0 },
  );
  return { ...server, asked, sentBytes: () => sent };
}

/**
 * Starts Chromium. With an audio its microphone is a fake one that plays it, over and over, and is given without asking.
 *
 * @example
 * await using browser = await openBrowser({ microphone: { samples: syntheticVoice(' saisou '), sampleRate: 16_000 } });
 */
export async function openBrowser({
  microphone,
  args = [],
}: { microphone?: Audio; args?: readonly string[] } = {}): Promise<Browser> {
  if (microphone === undefined) return launchChromium(args);
  const folder = await mkdtemp(join(tmpdir(), 'mars-microphone-'));
  const file = join(folder, 'voice.wav');
  await writeFile(file, encodeWav(microphone));
  const browser = await launchChromium([
    ...args,
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
    `--use-file-for-fake-audio-capture=${file}`,
  ]);
  browser.on('disconnected', () => void rm(folder, { recursive: true, force: true }));
  return browser;
}

export interface OpenPage extends AsyncDisposable {
  readonly page: Page;
  /** Errors that were thrown or printed, and violations of the security policy. */
  readonly complaints: string[];
  /** The address of each request since the page was opened, the workers' included. */
  readonly requests: string[];
  /** The sum of the layout shifts until now, but for those within half a second of an input: what it asks for may come. */
  layoutShift(): Promise<number>;
}

/**
 * Opens the page in a context of its own, and waits until its engine is ready, unless told not to.
 *
 * @example
 * await using site = await serveSite();
 * await using browser = await openBrowser();
 * await using opened = await openPage(browser, site.url, { viewport: { width: 360, height: 800 } });
 * expect(opened.complaints).toEqual([]);
 */
export async function openPage(
  browser: Browser,
  url: string,
  { ready = true, ...options }: BrowserContextOptions & { ready?: boolean } = {},
): Promise<OpenPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  context.on('request', (request) => requests.push(request.url()));
  await page.addInitScript(observeLayout);
  await page.goto(url);
  if (ready) await untilReady(page);
  return {
    page,
    complaints,
    requests,
    layoutShift: () => page.evaluate(() => (globalThis as { layoutShift?: number }).layoutShift ?? 0),
    [Symbol.asyncDispose]: () => context.close(),
  };
}

export interface Upload {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

/** A WAV to upload. */
export function wavFile(audio: Audio, name = 'voice.wav'): Upload {
  return { name, mimeType: 'audio/wav', buffer: Buffer.from(encodeWav(audio)) };
}

/** Chooses files, and waits until the page shows a verdict. Returns what it says. */
export async function analyse(page: Page, files: string | Upload | Upload[]): Promise<string> {
  await page.locator('#panel-files input[type="file"]').setInputFiles(files);
  return (await page.locator('#panel-files [data-verdict]').first().textContent()) ?? '';
}

/** Waits until the page could give a verdict at once. */
export async function untilReady(page: Page): Promise<void> {
  await page.locator('html[data-engine="ready"]').waitFor({ state: 'attached' });
}

/** Waits until the page is kept for when there is no network. */
export async function untilOffline(page: Page): Promise<void> {
  await page.waitForFunction(async () => (await navigator.serviceWorker.ready).active?.state === 'activated');
}

interface LayoutShift extends PerformanceEntry {
  readonly value: number;
  readonly hadRecentInput: boolean;
}

/** In the page, before its own scripts. */
function observeLayout(): void {
  const shifts = globalThis as { layoutShift?: number };
  shifts.layoutShift = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as LayoutShift[]) {
      if (!entry.hadRecentInput) shifts.layoutShift! += entry.value;
    }
  }).observe({ type: 'layout-shift', buffered: true });
}
