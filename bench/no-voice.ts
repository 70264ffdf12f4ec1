/**
 * What is no voice must not come back as a confident emotion, and what is one must not be called silence. Sounds that
 * this file makes, at several levels and seeds, and every n-th clip of the corpora that are there.
 *
 *   MARS_CORPORA=/data/corpora node bench/no-voice.ts [EVERY]
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRandom, type Random } from '@mars/autograd/random';
import { loadRecogniser, type Recogniser, type Verdict } from '@mars/core';
import { readCorpus } from '@mars/training';

const ROOT = join(import.meta.dirname, '..');
const SAMPLE_RATE = 16_000;
const LEVELS_DBFS = [-40, -30, -20, -10];
const SEEDS = 3;

/** A sound of some seconds, at any level: it is scaled afterwards. */
type Sound = (t: number, at: (key: string) => number) => number;

const sine = (t: number, hz: number) => Math.sin(2 * Math.PI * hz * t);
/** Up at once, and down by 60 dB in so many seconds. */
const decay = (t: number, seconds: number) => (t < 0 ? 0 : Math.exp((-6.9 * t) / seconds));
const NOTES = [262, 294, 330, 349, 392, 440, 494, 523];

/** Numbers of one sound: the same for the same key. */
function draws(random: Random): (key: string) => number {
  const drawn = new Map<string, number>();
  return (key) => {
    if (!drawn.has(key)) drawn.set(key, random.fork(key).next());
    return drawn.get(key)!;
  };
}

function melody(t: number, at: (key: string) => number, beatSec: number, partials: number): number {
  const beat = Math.floor(t / beatSec);
  const hz = NOTES[Math.floor(at(`note ${beat}`) * NOTES.length)];
  let sum = 0;
  for (let k = 1; k <= partials; k += 1) sum += sine(t, k * hz) / k;
  return sum * decay(t - beat * beatSec, 1.5);
}

/** Harmonics under a falling pitch, with a mouth that opens and shuts, twice a second. */
function bark(t: number, at: (key: string) => number): number {
  const number = Math.floor(t * 2);
  const since = t - number / 2 - 0.05 * at(`when ${number}`);
  const lasts = 0.12 + 0.1 * at('length');
  if (since < 0 || since > lasts) return 0;
  const x = since / lasts;
  const hz = (350 + 250 * at('pitch')) * (1.1 - 0.5 * x);
  let sum = 0;
  for (let k = 1; k <= 12; k += 1) {
    const formant = 700 + 900 * Math.sin(Math.PI * x);
    sum += (sine(since, k * hz) * 1) / (1 + ((k * hz - formant) / 500) ** 2);
  }
  return Math.sin(Math.PI * x) ** 0.5 * (sum + 0.3 * (2 * at(`noise ${t}`) - 1));
}

const SOUNDS: Readonly<Record<string, Sound>> = {
  'digital silence': () => 0,
  'white noise': (t, at) => 2 * at(`${t}`) - 1,
  'noise in gusts': (t, at) => (2 * at(`${t}`) - 1) * (1 + sine(t, 2 + 5 * at('rate'))),
  'mains hum': (t) => sine(t, 50) + 0.5 * sine(t, 100) + 0.3 * sine(t, 150),
  'a tone': (t, at) => sine(t, 100 * 2 ** (5 * at('pitch'))),
  'a sweep': (t, at) => sine(t, 150 + (1000 + 1000 * at('width')) * t),
  'dial tone': (t) => sine(t, 350) + sine(t, 440),
  'busy tone': (t) => (t % 1 < 0.5 ? sine(t, 480) + sine(t, 620) : 0),
  'keys of a telephone': (t) => (t % 0.3 < 0.15 ? sine(t, 770) + sine(t, 1336) : 0),
  'organ chords': (t, at) =>
    [0, 2, 4].reduce((sum, step) => {
      const hz = NOTES[Math.floor(at(`chord ${Math.floor(t)}`) * 4) + step];
      return sum + sine(t, hz) + 0.5 * sine(t, 2 * hz) + 0.25 * sine(t, 3 * hz);
    }, 0),
  'piano-like melody': (t, at) => melody(t, at, 0.25, 6),
  'flute-like melody': (t, at) => melody(t * (1 + 0.001 * sine(t, 5)), at, 0.5, 2),
  drums: (t, at) =>
    decay(t % 0.5, 0.3) * sine(t % 0.5, 60) + 0.5 * (2 * at(`${t}`) - 1) * decay((t + 0.25) % 0.5, 0.15),
  'music: melody, chords and drums': (t, at) =>
    melody(t, at, 0.25, 5) + SOUNDS['organ chords'](t, at) / 3 + SOUNDS.drums(t, at),
  barks: bark,
};

/** Numbers that need no memory are drawn by time: noise has one for every sample. */
function make(name: string, seed: number, levelDbfs: number): Float32Array {
  const random = createRandom(`${name}/${seed}`);
  const kept = draws(random);
  const at = (key: string) => (/^(noise )?[\d.e-]+$/.test(key) ? random.next() : kept(key));
  const samples = Float32Array.from({ length: 3 * SAMPLE_RATE }, (_, i) => SOUNDS[name](i / SAMPLE_RATE, at));
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  const gain = power === 0 ? 0 : 10 ** (levelDbfs / 20) / Math.sqrt(power);
  return samples.map((sample) => Math.max(-1, Math.min(1, gain * sample)));
}

function share(verdicts: readonly Verdict[], wanted: Verdict['verdict']): string {
  const count = verdicts.filter(({ verdict }) => verdict === wanted).length;
  return `${((100 * count) / verdicts.length).toFixed(1)} %`;
}

function row(name: string, verdicts: readonly Verdict[]): string {
  const kinds = (['no-speech', 'uncertain', 'emotion'] as const).map((kind) =>
    share(verdicts, kind).padStart(10),
  );
  return `${name.padEnd(34)}${String(verdicts.length).padStart(6)}${kinds.join('')}`;
}

async function sounds(recogniser: Recogniser): Promise<void> {
  const all: Verdict[] = [];
  for (const name of Object.keys(SOUNDS)) {
    const verdicts: Verdict[] = [];
    for (const level of LEVELS_DBFS) {
      for (let seed = 0; seed < SEEDS; seed += 1) {
        verdicts.push(
          await recogniser.classify({ samples: make(name, seed, level), sampleRate: SAMPLE_RATE }),
        );
      }
    }
    console.log(row(name, verdicts));
    all.push(...verdicts);
  }
  console.log(row('all sounds', all));
}

async function corpora(recogniser: Recogniser, every: number): Promise<void> {
  const folder = process.env['MARS_CORPORA'] ?? join(ROOT, '../shared/corpora');
  for (const name of ['ravdess', 'crema-d', 'tess']) {
    if (!existsSync(join(folder, name))) {
      console.log(`${name}: not there; set MARS_CORPORA`);
      continue;
    }
    const clips = (await readCorpus(name, join(folder, name))).filter((_, index) => index % every === 0);
    const verdicts: Verdict[] = [];
    for (const clip of clips) verdicts.push(await recogniser.classify(await readFile(clip.file)));
    console.log(row(`${name}, speech and song`, verdicts));
  }
}

await using recogniser = await loadRecogniser(await readFile(join(ROOT, 'models/flagship/model.onnx')));
console.log(`${''.padEnd(34)} clips no speech uncertain   emotion`);
await sounds(recogniser);
await corpora(recogniser, Number(process.argv[2] ?? 4));
