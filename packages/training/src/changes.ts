import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { createRandom } from '@mars/autograd/random';
import { decodeAudio, encodeWav, resample, type Audio } from '@mars/core';
import { addNoise } from './augment.ts';
import { changeGain } from './channel.ts';

/** Something that happens to a recording on its way and that should not change what is heard in it. */
export interface RecordingChange {
  readonly name: string;
  /** What arrives of a recording; `id` decides what is drawn, if anything is. */
  readonly apply: (recording: Audio, id: string) => Promise<Audio>;
}

/** Noise and codecs act on this rate, in Hz, whatever the recording's: what a decibel or a bit buys depends on it. */
const SAMPLE_RATE = 16_000;
const TELEPHONE_RATE = 8000;

/** A change of the samples at 16 kHz. */
function change(
  name: string,
  apply: (samples: Float32Array, id: string) => Audio | Promise<Audio>,
): RecordingChange {
  return {
    name,
    apply: async ({ samples, sampleRate }, id) => apply(resample(samples, sampleRate, SAMPLE_RATE), id),
  };
}

const CHANGES = [
  change('10 dB quieter', (samples) => ({ samples: changeGain(samples, -10), sampleRate: SAMPLE_RATE })),
  change('telephone band, 8 kHz', (samples) => ({
    samples: resample(samples, SAMPLE_RATE, TELEPHONE_RATE),
    sampleRate: TELEPHONE_RATE,
  })),
  change('noise at 20 dB', (samples, id) => ({
    samples: addNoise(samples, { snrDb: 20, random: createRandom(id) }),
    sampleRate: SAMPLE_RATE,
  })),
];

const CODEC_CHANGES = [
  change('Opus, 24 kbit/s', (samples) =>
    throughCodec(samples, ['-c:a', 'libopus', '-b:a', '24k', '-f', 'ogg']),
  ),
  change('MP3, 64 kbit/s', (samples) =>
    throughCodec(samples, ['-c:a', 'libmp3lame', '-b:a', '64k', '-f', 'mp3']),
  ),
];

/**
 * Quieter by 10 dB, the band of a telephone, white noise at 20 dB and, where ffmpeg can be run to encode them, Opus at 24 and
 * MP3 at 64 kbit/s.
 *
 * @example
 * for (const { name, apply } of await recordingChanges()) console.log(name, await apply(recording, 'clip 7'));
 */
export async function recordingChanges(): Promise<readonly RecordingChange[]> {
  return (await canEncode()) ? [...CHANGES, ...CODEC_CHANGES] : CHANGES;
}

async function canEncode(): Promise<boolean> {
  return once(spawn('ffmpeg', ['-version'], { stdio: 'ignore' }), 'exit').then(
    () => true,
    () => false,
  );
}

/** As one of ffmpeg's encoders and our own decoder leave it. */
async function throughCodec(samples: Float32Array, options: readonly string[]): Promise<Audio> {
  const encoder = spawn('ffmpeg', ['-v', 'error', '-f', 'wav', '-i', '-', ...options, '-'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  encoder.stdin.end(encodeWav({ samples, sampleRate: SAMPLE_RATE }, { format: 'float32' }));
  return decodeAudio(await buffer(encoder.stdout));
}
