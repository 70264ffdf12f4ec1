import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeWav, loadRecogniser, type Audio, type Recogniser, type Timeline } from '@mars/core';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CHROMIUM_TIMEOUT_MS } from '../../../test/chromium.ts';
import { syntheticVoice } from '../../core/test/synthetic-voice.ts';
import type { RunningServer } from '@mars/service/site';
import { headline } from '../src/results/describe.ts';
import { words } from '../src/strings/en.ts';
import { violations } from './accessibility.ts';
import {
  choose,
  given,
  sample,
  SAMPLE_RATE,
  scoresOn,
  taken,
  talk,
  verdictOf,
  view,
  wav,
} from './recordings.ts';
import { openBrowser, openPage, serveSite } from './site.ts';

const ROOT = join(import.meta.dirname, '../../..');

let site: RunningServer;
let browser: Browser;
let recogniser: Recogniser;

beforeAll(async () => {
  [site, browser, recogniser] = await Promise.all([
    serveSite(),
    openBrowser(),
    loadRecogniser(await readFile(join(ROOT, 'models/flagship/model.onnx'))),
  ]);
}, CHROMIUM_TIMEOUT_MS);
afterAll(async () => {
  await browser?.close();
  await site?.[Symbol.asyncDispose]();
  await recogniser?.dispose();
});

test('the page says what the command line says, to 1e-4, of every format', async () => {
  await using opened = await openPage(browser, site.url);
  const { page, complaints } = opened;
  const files = await Promise.all(
    ['woman-plain.wav', 'man-high-fast-loud.flac', 'woman-high-fast-loud.mp3', 'whisper.opus'].map(sample),
  );
  await choose(page, ...files);
  for (const { name, buffer } of files) {
    await page.getByRole('button', { name }).click();
    const shown = view(page, name);
    await verdictOf(shown).waitFor();

    const expected = await recogniser.classify(buffer);
    expect(await verdictOf(shown).textContent()).toBe(headline(expected));
    const scores = await scoresOn(shown);
    for (const { label, score } of expected.scores) expect(scores[label], label).toBeCloseTo(score, 4);

    const json = await taken(page, shown.getByRole('button', { name: words.takeAway.json }));
    expect(json.name).toBe(name.replace(/\.\w+$/, '.json'));
    const timeline = { file: name, ...(await recogniser.timeline(buffer)) };
    expect(differences(JSON.parse(json.bytes.toString()), timeline)).toEqual([]);
  }
  expect(complaints).toEqual([]);
});

/** Where two values differ: in their shape, or in a number by 1e-4 or more. */
function differences(actual: unknown, expected: unknown, path = ''): string[] {
  if (typeof expected === 'number' && typeof actual === 'number') {
    return Math.abs(actual - expected) < 1e-4 ? [] : [`${path}: ${actual}, not ${expected}`];
  }
  if (typeof expected !== 'object' || typeof actual !== 'object' || expected === null || actual === null) {
    return actual === expected ? [] : [`${path}: ${String(actual)}, not ${String(expected)}`];
  }
  const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  return [...keys].flatMap((key) =>
    differences(
      (actual as Record<string, unknown>)[key],
      (expected as Record<string, unknown>)[key],
      `${path}.${key}`,
    ),
  );
}

test('many files make a table that sorts, a broken one says why, and each can be chosen', async () => {
  await using opened = await openPage(browser, site.url);
  const { page, complaints } = opened;
  await choose(
    page,
    await sample('woman-plain.wav'),
    given('letter.wav', Buffer.from('A letter, and not a recording of one.')),
    given('cut.wav', (await sample('man-plain.wav')).buffer.subarray(0, 40_000)),
    wav('silence.wav', new Float32Array(2 * SAMPLE_RATE)),
    await sample('man-low-slow-soft.wav'),
  );
  const rows = page.locator('#panel-files tbody tr');
  await page.getByRole('button', { name: words.files.clear, exact: true }).waitFor();
  expect(await rows.count()).toBe(5);
  expect(await rows.nth(1).textContent()).toMatch(
    /letter\.wav.*These bytes are no recording.*AUDIO_UNREADABLE/s,
  );
  expect(await rows.nth(2).textContent()).toMatch(/cut off.*Copy or record.*AUDIO_TRUNCATED/s);
  expect(await rows.nth(3).textContent()).toContain(words.verdict.nobody);

  const names = () =>
    page
      .locator('#panel-files tbody th')
      .allTextContents()
      .then((all) => all.map((name) => name.trim()));
  await page.getByRole('columnheader', { name: words.table.columns.length }).getByRole('button').click();
  expect(await names()).toEqual([
    'silence.wav',
    ...(await byLength(['woman-plain.wav', 'man-low-slow-soft.wav'])),
    'cut.wav',
    'letter.wav',
  ]);
  await page.getByRole('columnheader', { name: words.table.columns.name }).getByRole('button').click();
  expect(await names()).toEqual([
    'cut.wav',
    'letter.wav',
    'man-low-slow-soft.wav',
    'silence.wav',
    'woman-plain.wav',
  ]);

  await page.getByRole('button', { name: 'letter.wav' }).click();
  expect(await view(page, 'letter.wav').getByRole('alert').textContent()).toContain(
    'ffmpeg -i FILE FILE.wav',
  );
  await page.getByRole('button', { name: 'silence.wav' }).click();
  const silent = view(page, 'silence.wav');
  expect(await verdictOf(silent).textContent()).toBe(words.verdict.nobody);
  expect(await silent.getByText(words.verdict.nobodyMore).isVisible()).toBe(true);

  const table = page.getByRole('region', { name: words.table.heading(5) });
  const csv = await taken(page, table.getByRole('button', { name: words.takeAway.csv }));
  const lines = csv.bytes.toString().trim().split('\n');
  expect(lines).toHaveLength(6);
  expect(lines[0]).toMatch(/^file,durationSec,verdict,emotion,confidence,neutral,.*,errorCode,errorMessage$/);
  expect(lines.find((line) => line.startsWith('letter.wav'))).toContain(',AUDIO_UNREADABLE,');
  expect(await violations(page)).toEqual([]);
  expect(complaints).toEqual([]);
});

async function byLength(names: readonly string[]): Promise<string[]> {
  const lengths = await Promise.all(
    names.map(async (name) => (await recogniser.classify((await sample(name)).buffer)).durationSec),
  );
  return names.toSorted((a, b) => lengths[names.indexOf(a)] - lengths[names.indexOf(b)]);
}

test('a long recording shows how far it is, and can be cancelled at once', async () => {
  await using opened = await openPage(browser, site.url);
  const { page, complaints } = opened;
  await choose(page, wav('long.wav', talk(8 * 60)));
  const shown = view(page, 'long.wav');
  await shown.getByText(/of about (7:5|8:0)\d/).waitFor();
  expect(await shown.getByRole('progressbar').getAttribute('value')).toMatch(/^0\.\d+$/);
  await shown.getByRole('button', { name: words.files.cancel }).click();
  await shown.getByText(words.files.cancelled).waitFor();
  await choose(page, await sample('man-plain.wav'));
  // The Worker is free at once: what was cancelled is not heard to its end first.
  await verdictOf(view(page, 'man-plain.wav')).waitFor({ timeout: 5000 });
  expect(complaints).toEqual([]);
});

test('a recording of minutes is summed up, and is what the library says of it', async () => {
  await using opened = await openPage(browser, site.url);
  const { page, complaints } = opened;
  const samples = talk(45);
  await choose(page, wav('talk.wav', samples));
  const shown = view(page, 'talk.wav');
  await shown.getByRole('heading', { name: words.summary.heading }).waitFor();
  const json = await taken(page, shown.getByRole('button', { name: words.takeAway.json }));
  const expected: Timeline = await recogniser.timeline(encodeWav({ samples, sampleRate: SAMPLE_RATE }));
  expect(expected.segments.length).toBeGreaterThan(5);
  expect(differences(JSON.parse(json.bytes.toString()), { file: 'talk.wav', ...expected })).toEqual([]);

  // The keyboard goes from segment to segment, and the scores follow.
  const bars = shown.getByRole('toolbar').getByRole('button');
  expect(await bars.count()).toBe(expected.segments.length);
  await bars.first().focus();
  await page.keyboard.press('ArrowRight');
  const focused = await scoresOn(shown);
  for (const { label, score } of expected.segments[1].scores) expect(focused[label]).toBeCloseTo(score, 4);
  await page.keyboard.press('Enter');
  await shown.getByRole('button', { name: words.timeline.pause, exact: true }).waitFor();

  await shown.getByRole('button', { name: words.timeline.explain }).click();
  await shown.getByText('Marked is').waitFor();
  await shown.getByText(words.timeline.table(expected.segments.length)).click();
  await shown
    .locator('details tbody tr')
    .nth(expected.segments.length - 1)
    .waitFor();
  expect(complaints).toEqual([]);
});

test('the picture and the report hold the recording, and nothing of the network', async () => {
  await using opened = await openPage(browser, site.url);
  const { page, complaints } = opened;
  const samples = syntheticVoice(' saisou eiasoue ');
  await choose(page, wav('a <b>.wav', samples));
  const shown = view(page, 'a <b>.wav');
  await verdictOf(shown).waitFor();
  const expected = await recogniser.classify({ samples, sampleRate: SAMPLE_RATE } satisfies Audio);

  const png = await taken(page, shown.getByRole('button', { name: words.takeAway.png }));
  expect(png.bytes.subarray(1, 4).toString()).toBe('PNG');
  expect(png.bytes.readUInt32BE(16)).toBe(2400);

  const html = (await taken(page, shown.getByRole('button', { name: words.takeAway.html }))).bytes.toString();
  expect(html).toContain('a &lt;b&gt;.wav');
  expect(html).not.toContain('<b>');
  expect(html).toContain(headline(expected));
  expect(html).toContain(words.report.caveat);
  expect(html.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|<script|<link|src=/);
  const csv = (await taken(page, shown.getByRole('button', { name: words.takeAway.csv }))).bytes.toString();
  expect(csv.split('\n')[0]).toMatch(/^file,startSec,endSec,verdict,emotion,confidence,neutral,/);
  expect(complaints).toEqual([]);
});

test.each(['light', 'dark'] as const)('axe finds nothing wrong with a result, %s', async (colorScheme) => {
  await using opened = await openPage(browser, site.url, { colorScheme });
  const { page, complaints } = opened;
  expect(await violations(page)).toEqual([]);
  await page.getByRole('button', { name: words.samples['man-plain.wav'], exact: true }).click();
  const shown = view(page, 'man-plain.wav');
  await verdictOf(shown).waitFor();
  await shown.getByRole('button', { name: words.timeline.spectrogram }).click();
  await shown.getByRole('button', { name: words.timeline.explain }).click();
  await shown.getByText('Marked is').waitFor();
  expect(await violations(page)).toEqual([]);
  await page.getByRole('button', { name: words.aboutModel }).click();
  await page.getByText(words.model.recall).waitFor();
  expect(await violations(page)).toEqual([]);
  expect(complaints).toEqual([]);
});

test('the dialog on the model tells the figures of its report', async () => {
  await using opened = await openPage(browser, site.url);
  const { page } = opened;
  await page.getByRole('button', { name: words.aboutModel }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(words.model.recall).waitFor();
  const [{ overSeeds, labels, confusion }] = JSON.parse(
    await readFile(join(ROOT, 'models/flagship/report.json'), 'utf8'),
  );
  const said = await dialog.textContent();
  expect(said).toContain(`${Math.round(100 * overSeeds.accuracy.mean)}%`);
  const sad = labels.indexOf('sad');
  const clips = confusion[sad].reduce((sum: number, count: number) => sum + count, 0);
  const recall = `${Math.round((100 * confusion[sad][sad]) / clips)}%`;
  expect(await dialog.getByRole('listitem').filter({ hasText: /^sad/ }).textContent()).toContain(recall);
  const card = await page.request.get(
    await dialog.getByRole('link').evaluate((link) => (link as HTMLAnchorElement).href),
  );
  expect(await card.text()).toBe(await readFile(join(ROOT, 'models/flagship/card.md'), 'utf8'));
  await page.keyboard.press('Escape');
  expect(await dialog.isVisible()).toBe(false);
});

test.each([
  ['voice.webm', 'audio/webm'],
  ['voice.m4a', 'audio/mp4'],
])('%s is decoded by the browser, and a drop is as good as a choice', async (name, mimeType) => {
  await using opened = await openPage(browser, site.url);
  const { page, complaints } = opened;
  await page.evaluate(
    async ([voice, fileName, type]) => {
      const context = new AudioContext();
      const buffer = context.createBuffer(1, voice.length, 16_000);
      buffer.copyToChannel(Float32Array.from(voice), 0);
      const source = new AudioBufferSourceNode(context, { buffer });
      const target = context.createMediaStreamDestination();
      source.connect(target);
      const recorder = new MediaRecorder(target.stream, { mimeType: type });
      const parts: Blob[] = [];
      recorder.ondataavailable = ({ data }) => parts.push(data);
      const hasEnded = new Promise((resolve) => (recorder.onstop = resolve));
      recorder.start();
      source.start();
      await new Promise((resolve) => (source.onended = resolve));
      recorder.stop();
      await hasEnded;
      await context.close();
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(parts, fileName, { type }));
      window.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
    },
    [[...syntheticVoice(' saisou eiasoue ')], name, mimeType] as const,
  );
  const shown = view(page, name);
  await verdictOf(shown).waitFor();
  // What the codec and the machine's load make of the voice is not told beforehand; that it is heard is.
  expect(await verdictOf(shown).textContent()).not.toBe(words.verdict.nobody);
  await shown.getByRole('button', { name: words.timeline.spectrogram }).click();
  await expect
    .poll(() => shown.locator('.spectrogram canvas').getAttribute('width'), { timeout: 20_000 })
    .toMatch(/^[1-9]\d\d$/);
  expect(complaints).toEqual([]);
});

test('what a browser cannot decode is said to be so', async () => {
  await using opened = await openPage(browser, site.url);
  const { page } = opened;
  await choose(page, given('broken.m4a', Buffer.from('\0\0\0\x20ftypM4A and nothing more'), 'audio/mp4'));
  expect(await view(page, 'broken.m4a').getByRole('alert').textContent()).toMatch(
    /M4A.*ffmpeg.*AUDIO_UNSUPPORTED/s,
  );
});

test('a Worker that dies says so, and another one takes its place', async () => {
  await using opened = await openPage(browser, site.url);
  const { page } = opened;
  await choose(page, wav('long.wav', talk(4 * 60)));
  const shown = view(page, 'long.wav');
  await shown.getByRole('progressbar').and(page.locator('[value]')).waitFor();
  await page.workers()[0].evaluate(
    () =>
      void setTimeout(() => {
        throw new Error('out of luck');
      }),
  );
  expect(await shown.getByRole('alert').textContent()).toMatch(
    /The recogniser stopped.*out of luck.*INTERNAL/s,
  );
  await choose(page, await sample('man-plain.wav'));
  await verdictOf(view(page, 'man-plain.wav')).waitFor();
});
