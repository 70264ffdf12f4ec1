import { activation, dense, dropout, exposed, globalAvgPool1d, network, type Network } from '@mars/autograd';
import { z } from 'zod';

export const headSettings = z.strictObject({
  kind: z.literal('head'),
  hiddenSize: z.int().positive().default(256),
  dropoutRate: z.number().min(0).lt(1).default(0.5),
});

/** One hidden layer on features that are one vector per clip already: (B, T, inFeatures) → (B, labels). */
export function headNetwork(
  { hiddenSize, dropoutRate }: z.infer<typeof headSettings>,
  inFeatures: number,
  labels: number,
): Network {
  return network({
    pool: globalAvgPool1d(), // (B, inFeatures)
    drop1: dropout(dropoutRate),
    hidden: dense({ inFeatures, outFeatures: hiddenSize }), // (B, hiddenSize)
    relu: activation('relu'),
    known: exposed('hidden'),
    drop2: dropout(dropoutRate),
    output: dense({ inFeatures: hiddenSize, outFeatures: labels }), // (B, labels)
  });
}
