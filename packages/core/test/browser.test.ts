import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { build, type Rolldown } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CHROMIUM_TIMEOUT_MS, launchChromium } from '../../../test/chromium.ts';
import type * as core from '../src/index.ts';
import { loadRecogniser, VoiceActivityDetector } from '../src/index.ts';
import { syntheticVoice } from './synthetic-voice.ts';

const ROOT = join(import.meta.dirname, '../../..');
const MODELS = ['models/seed/model.onnx', 'models/flagship/model.onnx'];
const SAMPLES = ['man-plain.wav', 'man-high-fast-loud.flac', 'woman-high-fast-loud.mp3', 'whisper.opus'];

/** @mars/core as a page gets it: its modules bundled, and the WebAssembly files beside them, by path. */
async function bundleCore(): Promise<Map<string, string | Uint8Array>> {
  const bundled = await build({
    root: join(ROOT, 'packages/core'),
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      minify: false,
      target: 'esnext',
      assetsInlineLimit: 0,
      rolldownOptions: {
        input: { mars: join(ROOT, 'packages/core/src/index.ts') },
        output: { entryFileNames: '[name].js' },
        preserveEntrySignatures: 'strict',
      },
    },
  });
  const { output } = bundled as Rolldown.RolldownOutput;
  return new Map(
    output.map((part) => [`/${part.fileName}`, part.type === 'chunk' ? part.code : part.source]),
  );
}

const PAGE = `<!doctype html><title>MARS</title><link rel="icon" href="data:,">
<script type="module">
  import * as mars from '/mars.js';
  Object.assign(globalThis, { mars });
</script>`;

/** In the page only: what the script above puts there. */
declare const mars: typeof core;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

/** Serves the bundle, an empty page, and the repository's model and samples: no header that several threads would need. */
async function serve(bundle: Map<string, string | Uint8Array>): Promise<{ url: string } & AsyncDisposable> {
  const content = async (path: string) => {
    if (path === '/') return PAGE;
    if (/^\/(models|samples)\/[\w/.-]+$/.test(path)) return readFile(join(ROOT, path));
    return bundle.get(path);
  };
  const answer = async ({ url }: IncomingMessage, response: ServerResponse) => {
    const { pathname } = new URL(url!, 'http://localhost');
    const body = await content(pathname);
    const type = TYPES[pathname === '/' ? '.html' : extname(pathname)] ?? 'application/octet-stream';
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': type }).end(body);
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

let server: Awaited<ReturnType<typeof serve>>;
let browser: Browser;
let page: Page;
const complaints: string[] = [];

beforeAll(async () => {
  server = await serve(await bundleCore());
  browser = await launchChromium();
  page = await browser.newPage();
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  await page.goto(server.url);
  await page.waitForFunction(() => 'mars' in globalThis);
}, CHROMIUM_TIMEOUT_MS);
afterAll(async () => {
  await browser?.close();
  await server?.[Symbol.asyncDispose]();
});

test.each(MODELS)(
  'a page and Node hear the same in a recording, from the file to the scores: %s',
  async (model) => {
    await using inNode = await loadRecogniser(await readFile(join(ROOT, model)));
    const inPage = await page.evaluate(
      async ({ path, samples }) => {
        const bytes = async (file: string) => new Uint8Array(await (await fetch(file)).arrayBuffer());
        const recogniser = await mars.loadRecogniser(await bytes(`/${path}`));
        const verdicts = [];
        for (const sample of samples)
          verdicts.push(await recogniser.classify(await bytes(`/samples/${sample}`)));
        await recogniser.dispose();
        return verdicts;
      },
      { path: model, samples: SAMPLES },
    );
    for (const [index, sample] of SAMPLES.entries()) {
      const expected = await inNode.classify(await readFile(join(ROOT, 'samples', sample)));
      const { scores, ...verdict } = inPage[index];
      expect(verdict).toEqual({
        ...expected,
        scores: undefined,
        confidence: expect.closeTo(expected.confidence, 4),
      });
      for (const { label, score } of expected.scores) {
        expect(scores.find((other) => other.label === label)?.score).toBeCloseTo(score, 4);
      }
    }
    expect(complaints).toEqual([]);
    // One thread: the page has none of the headers that several would need.
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
  },
);

test('a page and Node hear the same voice, and two of them at once', async () => {
  const voices = [0.002, 0.3].map((noise) => syntheticVoice(' saisou  eiasoue ', { noise }));
  const inPage = await page.evaluate(
    async (recordings) => {
      const detector = await mars.VoiceActivityDetector.open();
      const heard = await Promise.all(
        recordings.map((samples) => detector.stream().process(Float32Array.from(samples))),
      );
      await detector.dispose();
      return heard.map((probabilities) => [...probabilities]);
    },
    voices.map((voice) => [...voice]),
  );
  await using detector = await VoiceActivityDetector.open();
  for (const [index, voice] of voices.entries()) {
    const expected = await detector.stream().process(voice);
    expect(inPage[index]).toHaveLength(expected.length);
    for (const [frame, probability] of expected.entries()) {
      expect(inPage[index][frame]).toBeCloseTo(probability, 4);
    }
  }
  expect(complaints).toEqual([]);
});

/**
 * The scores of clip, timeline and stream where their windows coincide, the stream in frames of odd lengths. It is handed
 * to the page as text, so it knows nothing but its arguments.
 */
async function hearThreeWays(
  recogniser: core.Recogniser,
  samples: Float32Array,
): Promise<Record<'clip' | 'timeline' | 'stream', (readonly core.Score[])[]>> {
  const sampleRate = 16_000;
  const marginSec = 0.25;
  const { segments } = await recogniser.timeline({ samples, sampleRate }, { marginSec });
  const live = recogniser.stream({ sampleRate, marginSec });
  const events = [];
  for (let start = 0, length = 37; start < samples.length; start += length, length = (length * 7) % 4001) {
    events.push(...(await live.push(samples.subarray(start, start + length))));
  }
  events.push(...(await live.end()));
  const clip = [];
  for (const { startSec, endSec } of segments) {
    const from = Math.max(0, Math.round((startSec - marginSec) * sampleRate));
    const part = samples.subarray(from, Math.round((endSec + marginSec) * sampleRate));
    clip.push((await recogniser.classify({ samples: part, sampleRate })).scores);
  }
  const stream = events.flatMap((event) =>
    event.type === 'measurement' && event.trigger === 'speechEnded' ? [event.scores] : [],
  );
  return { clip, timeline: segments.map(({ scores }) => scores), stream };
}

/** In the page: the same. */
declare const heardThreeWays: typeof hearThreeWays;

test('clip, timeline and stream give the same scores, in a page and in Node', async () => {
  const [voice, other] = [110, 210].map((pitchHz) => syntheticVoice('sa i sosu ea', { pitchHz }));
  const samples = new Float32Array(6 * 16_000);
  samples.set(voice, 8000);
  samples.set(other, 3.2 * 16_000);

  await page.addScriptTag({ content: `globalThis.heardThreeWays = ${hearThreeWays.toString()}` });
  const inPage = await page.evaluate(
    async ({ path, recording }) => {
      const model = new Uint8Array(await (await fetch(path)).arrayBuffer());
      const recogniser = await mars.loadRecogniser(model);
      const heard = await heardThreeWays(recogniser, Float32Array.from(recording));
      await recogniser.dispose();
      return heard;
    },
    { path: '/models/flagship/model.onnx', recording: [...samples] },
  );
  await using recogniser = await loadRecogniser(await readFile(join(ROOT, 'models/flagship/model.onnx')));
  const inNode = await hearThreeWays(recogniser, samples);

  expect(inNode.clip).toHaveLength(2);
  const expected = inNode.clip.map((scores) => new Map(scores.map(({ label, score }) => [label, score])));
  for (const way of [...Object.values(inNode), ...Object.values(inPage)]) {
    expect(way).toHaveLength(2);
    for (const [index, scores] of way.entries()) {
      for (const { label, score } of scores) expect(score).toBeCloseTo(expected[index].get(label)!, 4);
    }
  }
  expect(complaints).toEqual([]);
});

test('a page and Node explain alike', async () => {
  const options = { startSec: 0.4, endSec: 1.4, bands: 4, assumeSpeech: true };
  const inPage = await page.evaluate(
    async ({ path, sample, options }) => {
      const bytes = async (file: string) => new Uint8Array(await (await fetch(file)).arrayBuffer());
      const recogniser = await mars.loadRecogniser(await bytes(path));
      const explained = await recogniser.explain(await bytes(sample), options);
      await recogniser.dispose();
      return explained;
    },
    { path: `/${MODELS[0]}`, sample: `/samples/${SAMPLES[0]}`, options },
  );
  await using inNode = await loadRecogniser(await readFile(join(ROOT, MODELS[0])));
  const expected = await inNode.explain(await readFile(join(ROOT, 'samples', SAMPLES[0])), options);
  expect(inPage.explanation).toMatchObject({ emotion: expected.emotion });
  const contributions = ({ explanation }: core.ExplainedVerdict) =>
    [...explanation!.stretches, ...explanation!.bands].map(({ contribution }) => contribution);
  expect(contributions(inPage)).toEqual(contributions(expected).map((each) => expect.closeTo(each, 4)));
  expect(complaints).toEqual([]);
});

test('an error keeps its code in a page', async () => {
  const code = await page.evaluate(async () => {
    try {
      await mars.decodeAudio(new TextEncoder().encode('A letter, and not a recording of one.'));
    } catch (error) {
      return error instanceof mars.MarsError ? error.code : String(error);
    }
    return undefined;
  });
  expect(code).toBe('AUDIO_UNREADABLE');
});
