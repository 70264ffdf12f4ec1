import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeWav, loadRecogniser, mfcc, resample } from '@mars/core';
import { syntheticVoice } from '../packages/core/test/synthetic-voice.ts';
import { show, summarise, type Measured } from './measure.ts';

const ROUNDS = 100;
const SECONDS = 3;

/** What a clip of 3 s costs: its MFCCs, and the whole way from a WAV's bytes to the verdict. */
export async function benchClip(): Promise<void> {
  console.log(`A clip of ${SECONDS} s, one thread, ms:`);
  const samples = voice(22_050);
  console.log(`  40 MFCCs at 22.05 kHz: ${show(await time(() => mfcc(samples, { nMfcc: 40 })), 2)}`);

  for (const name of ['flagship', 'transfer', 'seed']) {
    const model = await readFile(join(import.meta.dirname, `../models/${name}/model.onnx`));
    await using recogniser = await loadRecogniser(model, { threads: 1 });
    for (const sampleRate of [16_000, 22_050, 48_000]) {
      const wav = encodeWav({ samples: voice(sampleRate), sampleRate });
      const measured = await time(() => recogniser.classify(wav));
      console.log(`  WAV at ${sampleRate} Hz to the verdict of ${name}: ${show(measured)}`);
    }
  }
}

/** What the detector takes for speech: otherwise the model would not be asked. */
function voice(sampleRate: number): Float32Array {
  const spoken = syntheticVoice('sa i sosu ea sio saei sua esi osa').slice(0, SECONDS * 16_000);
  return resample(spoken, 16_000, sampleRate);
}

async function time(work: () => unknown): Promise<Measured> {
  for (let i = 0; i < 10; i += 1) await work();
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const started = performance.now();
    await work();
    times.push(performance.now() - started);
  }
  return summarise(times);
}
