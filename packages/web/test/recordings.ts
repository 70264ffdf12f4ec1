import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeWav } from '@mars/core';
import type { Locator, Page } from 'playwright-core';
import { syntheticVoice } from '../../core/test/synthetic-voice.ts';
import type { Upload } from './site.ts';

const SAMPLES = join(import.meta.dirname, '../../../samples');

/** Hz, of what is made here. */
export const SAMPLE_RATE = 16_000;

export function given(name: string, bytes: Uint8Array, mimeType = 'audio/wav'): Upload {
  return { name, mimeType, buffer: Buffer.from(bytes) };
}

export function wav(name: string, samples: Float32Array): Upload {
  return given(name, encodeWav({ samples, sampleRate: SAMPLE_RATE }));
}

/** One of the clips that the page offers to try. */
export async function sample(name: string): Promise<Upload> {
  return given(name, await readFile(join(SAMPLES, name)));
}

/** The voice, then a pause, over and over. */
export function talk(seconds: number): Float32Array {
  const samples = new Float32Array(seconds * SAMPLE_RATE);
  const voice = syntheticVoice(' saisou eiasoue ');
  for (let at = 0; at + voice.length < samples.length; at += voice.length + SAMPLE_RATE)
    samples.set(voice, at);
  return samples;
}

export const choose = (page: Page, ...files: Upload[]): Promise<void> =>
  page.locator('#panel-files input[type=file]').setInputFiles(files);

/** What the page shows of a recording. */
export const view = (page: Page, name: string): Locator => page.getByRole('article', { name, exact: true });

export const verdictOf = (shown: Locator): Locator => shown.locator('[data-verdict]');

export async function scoresOn(shown: Locator): Promise<Record<string, number>> {
  return shown.locator('[data-label]').evaluateAll((items) =>
    Object.fromEntries(
      items.map((item) => {
        const { label, score } = (item as HTMLElement).dataset;
        return [label, Number(score)];
      }),
    ),
  );
}

/** What a button saves. */
export async function taken(page: Page, button: Locator): Promise<{ name: string; bytes: Buffer }> {
  const [download] = await Promise.all([page.waitForEvent('download'), button.click()]);
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}
