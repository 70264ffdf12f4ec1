import { execFile, spawn } from 'node:child_process';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
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

/** By the encoder of ffmpeg that each takes. */
const CODEC_CHANGES = {
  libopus: change('Opus, 24 kbit/s', (samples) =>
    encode(samples, ['-c:a', 'libopus', '-b:a', '24k', '-f', 'ogg']),
  ),
  libmp3lame: change('MP3, 64 kbit/s', (samples) =>
    encode(samples, ['-c:a', 'libmp3lame', '-b:a', '64k', '-f', 'mp3']),
  ),
};

/**
 * Quieter by 10 dB, the band of a telephone, white noise at 20 dB and, as far as there is an ffmpeg that encodes them, Opus at
 * 24 and MP3 at 64 kbit/s.
 *
 * @example
 * for (const { name, apply } of await recordingChanges()) console.log(name, await apply(recording, 'clip 7'));
 */
export async function recordingChanges(): Promise<readonly RecordingChange[]> {
  const encoders = await listEncoders();
  const codecs = Object.entries(CODEC_CHANGES).filter(([encoder]) => encoders.includes(` ${encoder} `));
  return [...CHANGES, ...codecs.map(([, codec]) => codec)];
}

/** What ffmpeg prints of its encoders; nothing where it cannot be run. */
async function listEncoders(): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('ffmpeg', ['-v', 'error', '-encoders']);
    return stdout;
  } catch {
    return '';
  }
}

/** As one of ffmpeg's encoders and our own decoder leave it. */
async function encode(samples: Float32Array, options: readonly string[]): Promise<Audio> {
  const encoder = spawn('ffmpeg', ['-v', 'error', '-f', 'wav', '-i', '-', ...options, '-'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  encoder.stdin.end(encodeWav({ samples, sampleRate: SAMPLE_RATE }, { format: 'float32' }));
  return decodeAudio(await buffer(encoder.stdout));
}
