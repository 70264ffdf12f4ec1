import { generator } from './generator.ts';

/** Formants of a man's vowels, Hz: G. E. Peterson and H. L. Barney, "Control methods used in a study of the vowels", 1952. */
const VOWELS = {
  a: [730, 1090, 2440],
  e: [530, 1840, 2480],
  i: [270, 2290, 3010],
  o: [570, 840, 2410],
  u: [300, 870, 2240],
} as const;

/** Hz, of the three formants. */
const BANDWIDTHS = [80, 100, 140];

type Sound = keyof typeof VOWELS | 's' | ' ';

/** How long each sound lasts, seconds: a hiss, a pause, a vowel. */
const LENGTHS = { s: 0.09, ' ': 0.12 } as const;
const VOWEL_SEC = 0.17;

/**
 * Syllables as a machine of the fifties would speak them: pulses of a falling pitch through three resonators that glide
 * from vowel to vowel, hisses for consonants, a little noise under everything. The same numbers at every run.
 *
 * @param text vowels, `s` for a hiss and spaces for pauses
 * @returns mono at 16 kHz, peaks below 0.7
 * @example
 * syntheticVoice('sa i  sosu');
 */
export function syntheticVoice(text: string, { pitchHz = 120, noise = 0.002 } = {}): Float32Array {
  const sounds = text.split('') as Sound[];
  const lengths = sounds.map((sound) =>
    Math.round(16_000 * (sound in VOWELS ? VOWEL_SEC : LENGTHS[sound as 's'])),
  );
  const samples = new Float32Array(lengths.reduce((sum, length) => sum + length, 0));
  const random = generator(7);
  const formants = [...VOWELS.a] as number[];
  const resonators = BANDWIDTHS.map(() => [0, 0]);
  let phase = 0;
  let voicing = 0;
  let at = 0;
  for (const [index, sound] of sounds.entries()) {
    const target = VOWELS[sound as 'a'] ?? formants;
    for (let i = 0; i < lengths[index]; i++, at++) {
      const place = i / lengths[index];
      for (const n of formants.keys()) formants[n] += (target[n] - formants[n]) * 0.0015;
      voicing += ((sound in VOWELS ? 1 : 0) - voicing) * 0.004;
      // Falls by a fifth over the text, and rises and falls with every syllable.
      phase += (pitchHz * (1.15 - 0.3 * (at / samples.length) + 0.1 * Math.sin(Math.PI * place))) / 16_000;
      phase %= 1;
      let x = voicing * glottalFlow(phase) + 0.02 * voicing * random();
      for (const [n, memory] of resonators.entries()) {
        const radius = Math.exp((-Math.PI * BANDWIDTHS[n]) / 16_000);
        const turn = 2 * radius * Math.cos((2 * Math.PI * formants[n]) / 16_000);
        // Unit gain at 0 Hz, as Klatt's cascade has it.
        const y = (1 - turn + radius ** 2) * x + turn * memory[0] - radius ** 2 * memory[1];
        memory[1] = memory[0];
        memory[0] = x = y;
      }
      const hiss = sound === 's' ? 0.05 * Math.sin(Math.PI * place) * random() : 0;
      samples[at] = 0.15 * x + hiss + noise * random();
    }
  }
  return samples;
}

/** The derivative of Rosenberg's pulse: open for 40 % of the period, closing for 16 %. */
function glottalFlow(phase: number): number {
  if (phase < 0.4) return 0.4 * Math.sin((Math.PI * phase) / 0.4);
  return phase < 0.56 ? -Math.sin((Math.PI / 2) * ((phase - 0.4) / 0.16)) : 0;
}
