import type { Audio } from '@mars/core';
import type { Page } from 'playwright-core';
import { syntheticVoice } from '../../core/test/synthetic-voice.ts';

/** Two utterances of 1.5 s with pauses after them: what the fake microphone says, over and over. */
export const SPEAKER: Audio = {
  samples: syntheticVoice('saisou eias      sosa iouseo      '),
  sampleRate: 16_000,
};

/** Makes the page tell of the streams that it is given from now on, so that tests see whether they are released. */
export async function watchMicrophone(page: Page): Promise<void> {
  await page.evaluate(() => {
    const { mediaDevices } = navigator;
    const given: MediaStream[] = [];
    Object.assign(globalThis, { given });
    const getUserMedia = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = async (constraints) => {
      const stream = await getUserMedia(constraints);
      given.push(stream);
      return stream;
    };
  });
}

/** Whether any microphone is open. */
export function isListening(page: Page): Promise<boolean> {
  return page.evaluate(() =>
    (globalThis as unknown as { given: MediaStream[] }).given.some((stream) =>
      stream.getTracks().some(({ readyState }) => readyState === 'live'),
    ),
  );
}

/** What a browser does when the device is pulled out: the track ends, and says so. */
export async function unplug(page: Page): Promise<void> {
  await page.evaluate(() => {
    const [track] = (globalThis as unknown as { given: MediaStream[] }).given.at(-1)!.getTracks();
    track.stop();
    track.dispatchEvent(new Event('ended'));
  });
}

/** From now on, asking for the microphone fails as browsers do it. */
export async function breakMicrophone(page: Page, name: string): Promise<void> {
  await page.evaluate((errorName) => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('as told', errorName));
  }, name);
}
