/**
 * Pictures of the page for the README, taken in a real Chromium of voices that are made here:
 *
 *   node packages/web/test/screenshots.ts docs/images
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { syntheticVoice } from '../../core/test/synthetic-voice.ts';
import { words } from '../src/strings/en.ts';
import { openBrowser, openPage, serveSite, wavFile } from './site.ts';

const [folder = 'docs/images'] = process.argv.slice(2);
const SAMPLE_RATE = 16_000;

/** Two who take turns, with pauses. */
function talk(turns: number): Float32Array {
  const voices = [
    syntheticVoice('sa i sosu ea sio', { pitchHz: 110 }),
    syntheticVoice('ea sosi ua sisao e', { pitchHz: 230 }),
    syntheticVoice('osu ia sei', { pitchHz: 320, noise: 0.01 }),
  ];
  const pause = 0.9 * SAMPLE_RATE;
  const spoken = Array.from({ length: turns }, (_, turn) => voices[turn % voices.length]);
  const samples = new Float32Array(spoken.reduce((length, voice) => length + voice.length + pause, pause));
  let at = pause;
  for (const voice of spoken) {
    samples.set(voice, at);
    at += voice.length + pause;
  }
  return samples;
}

await mkdir(folder, { recursive: true });
await using site = await serveSite();
const audio = { samples: talk(6), sampleRate: SAMPLE_RATE };
await using browser = await openBrowser({ microphone: audio });

for (const [name, colorScheme, width] of [
  ['file-light', 'light', 1200],
  ['file-dark', 'dark', 1200],
  ['file-narrow', 'light', 360],
] as const) {
  await using opened = await openPage(browser, site.url, { colorScheme, viewport: { width, height: 900 } });
  const { page } = opened;
  await page.locator('#panel-files input[type="file"]').setInputFiles(wavFile(audio, 'conversation.wav'));
  await page.getByText(words.takeAway.heading).waitFor();
  await page.waitForTimeout(1000);
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

await using opened = await openPage(browser, `${site.url}#live`, { viewport: { width: 1200, height: 900 } });
const { page } = opened;
await page.getByRole('radio', { name: words.live.listen }).check();
await page.getByRole('button', { name: words.live.start, exact: true }).click();
await page.locator('#panel-live tbody tr').nth(3).waitFor();
await page.screenshot({ path: join(folder, 'live.png'), fullPage: true });
