import { dense, exposed, globalAvgPool1d, network, rbfKernel, type Network } from '@mars/autograd';
import { z } from 'zod';

const ridge = z.number().positive();

export const kernelSettings = z.strictObject({
  kind: z.literal('kernel'),
  /** Training clips that the others are compared with. */
  centres: z.int().positive().default(2000),
  /**
   * Weight of the penalty on the functions of the classes, against their squared errors. Of several, the one that loses least
   * on the validating clips: for voices that are known it is a smaller one than for strangers'.
   */
  ridge: z.union([ridge, z.array(ridge).min(1).readonly()]).default(0.3),
  /** What the functions, from about 0 to 1, are multiplied by to become logits; calibration corrects it. */
  sharpness: z.number().positive().default(10),
});

/**
 * A kernel machine on features that are one vector per clip already: (B, T, inFeatures) → (B, labels).
 *
 * What a profile adds to its functions is linear in the vector: a person's few clips bend it the right way, and say
 * nothing of thousands of centres.
 */
export function kernelNetwork(
  { centres }: z.infer<typeof kernelSettings>,
  inFeatures: number,
  labels: number,
): Network {
  return network({
    pool: globalAvgPool1d(), // (B, inFeatures)
    known: exposed('hidden'),
    kernel: rbfKernel({ inFeatures, centres }), // (B, centres)
    output: dense({ inFeatures: centres, outFeatures: labels }), // (B, labels)
  });
}
