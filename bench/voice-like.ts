import { createRandom } from '@mars/autograd';

/** A buzz whose pitch and loudness move, in a little noise. */
export function voiceLike(sampleRate: number, seconds: number): Float32Array {
  const random = createRandom('bench');
  let phase = 0;
  return Float32Array.from({ length: seconds * sampleRate }, (_, i) => {
    const t = i / sampleRate;
    phase += (140 + 30 * Math.sin(5 * t)) / sampleRate;
    const buzz = 2 * (phase % 1) - 1;
    return 0.2 * buzz * (0.6 + 0.4 * Math.sin(9 * t)) + 0.01 * random.normal();
  });
}
