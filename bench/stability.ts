/**
 * How often a verdict keeps its emotion when the recording has been through something: each clip of the four RAVDESS actors
 * that the model has not heard (`openUnheard`), as it is and quieter, over a telephone's band, with noise, through lossy
 * codecs. The codecs are ffmpeg's; without it they are left out.
 *
 *   MARS_CORPORA=/data/corpora node bench/stability.ts MODEL …
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { createRandom } from '@mars/autograd/random';
import { decodeAudio, encodeWav, resample, type Audio } from '@mars/core';
import { addNoise } from '../packages/training/src/augment.ts';
import { changeGain } from '../packages/training/src/channel.ts';
import { openUnheard } from './unheard.ts';

const SAMPLE_RATE = 16_000;

/** What happens to a clip: 16 kHz in, and any format that is decoded again out. */
const CHANGES: Readonly<Record<string, (samples: Float32Array, name: string) => Audio | Promise<Audio>>> = {
  '10 dB quieter': (samples) => ({ samples: changeGain(samples, -10), sampleRate: SAMPLE_RATE }),
  'telephone, 8 kHz': (samples) => ({ samples: resample(samples, SAMPLE_RATE, 8000), sampleRate: 8000 }),
  'noise at 20 dB': (samples, name) => ({
    samples: addNoise(samples, { snrDb: 20, random: createRandom(name) }),
    sampleRate: SAMPLE_RATE,
  }),
  'Opus, 24 kbit/s': async (samples) =>
    throughCodec(samples, ['-c:a', 'libopus', '-b:a', '24k', '-f', 'ogg']),
  'MP3, 64 kbit/s': async (samples) =>
    throughCodec(samples, ['-c:a', 'libmp3lame', '-b:a', '64k', '-f', 'mp3']),
};

async function throughCodec(samples: Float32Array, options: readonly string[]): Promise<Audio> {
  const coder = spawn('ffmpeg', ['-v', 'error', '-f', 'wav', '-i', '-', ...options, '-'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(coder, 'exit');
  coder.stdin.end(encodeWav({ samples, sampleRate: SAMPLE_RATE }, { format: 'float32' }));
  const coded = await buffer(coder.stdout);
  await ended;
  return decodeAudio(coded);
}

async function hasCoder(): Promise<boolean> {
  const coder = spawn('ffmpeg', ['-version'], { stdio: 'ignore' });
  return once(coder, 'exit').then(
    () => true,
    () => false,
  );
}

const coder = await hasCoder();
if (!coder) console.log('There is no ffmpeg: the codecs are left out.');
const changes = Object.entries(CHANGES).filter(([name]) => coder || !/kbit/.test(name));

const models = process.argv.slice(2);
if (models.length === 0) throw new Error('Name the models: node bench/stability.ts MODEL …');
for (const file of models) {
  const { clips, ...unheard } = await openUnheard(file);
  await using recogniser = unheard.recogniser;
  const kept: Record<string, { same: number; sure: number; sureSame: number; right: number }> = {};
  let right = 0;
  for (const clip of clips) {
    const audio = await decodeAudio(await readFile(clip.file));
    const samples = resample(audio.samples, audio.sampleRate, SAMPLE_RATE);
    const hear = async (heard: Audio) => recogniser.classify(heard, { assumeSpeech: true });
    const before = await hear({ samples, sampleRate: SAMPLE_RATE });
    right += Number(before.emotion === clip.emotion);
    for (const [change, make] of changes) {
      const after = await hear(await make(samples, clip.id));
      const figures = (kept[change] ??= { same: 0, sure: 0, sureSame: 0, right: 0 });
      const same = Number(after.emotion === before.emotion);
      figures.same += same;
      figures.right += Number(after.emotion === clip.emotion);
      if (before.verdict === 'emotion' && after.verdict === 'emotion') {
        figures.sure += 1;
        figures.sureSame += same;
      }
    }
  }
  const share = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)} %`.padStart(7);
  console.log(
    `${file}: ${clips.length} clips of actors never heard, ${share(right, clips.length).trim()} right as they are`,
  );
  for (const [change, { same, sure, sureSame, right: still }] of Object.entries(kept)) {
    console.log(
      `  ${change.padEnd(18)} same emotion ${share(same, clips.length)}, of those sure both times ${share(sureSame, sure)}; ` +
        `right ${share(still, clips.length)}`,
    );
  }
}
