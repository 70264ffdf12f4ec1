import { z } from 'zod';

const layer = z.union([z.literal(4), z.literal(5), z.literal(6), z.literal(7)]);

/** How a waveform becomes one vector by the lower layers of YAMNet. */
export const yamnetSettings = z
  .strictObject({
    kind: z.literal('yamnet'),
    /** Hz; the rate that YAMNet was trained at. */
    sampleRate: z.literal(16_000).default(16_000),
    /** The last layer of the trunk. */
    layer: layer.default(7),
    /**
     * Layers of which the vector holds the standard deviation of every channel and band, beside the last layer's means.
     * Absent: the last layer's deviation and maximum of every channel, over the mean of its bands.
     */
    deviationsOf: z.array(layer).min(1).readonly().optional(),
    /** Whether the last layer's means are in the vector; without them there are the deviations alone. */
    means: z.boolean().default(true),
    /** Steps more than so many dB below the loudest do not count in the pooling. */
    topDb: z.number().positive().default(35),
  })
  .refine(
    ({ layer: last, deviationsOf = [] }) => deviationsOf.every((each) => each <= last),
    'deviationsOf may name layers up to the last one, "layer"',
  )
  .refine(
    ({ means, deviationsOf }) => means || deviationsOf !== undefined,
    'without "means" there must be "deviationsOf"',
  );

export type YamnetSettings = z.output<typeof yamnetSettings>;

/** What the layers up to which a trunk may go give per step; a frame is 10 ms. */
export const YAMNET_LAYERS = {
  4: { channels: 128, bands: 16, framesPerStep: 4 },
  5: { channels: 256, bands: 8, framesPerStep: 8 },
  6: { channels: 256, bands: 8, framesPerStep: 8 },
  7: { channels: 512, bands: 4, framesPerStep: 16 },
} as const;

/** Numbers in the pooled vector. */
export function yamnetWidth({
  layer: last,
  deviationsOf,
  means = true,
}: Pick<YamnetSettings, 'layer' | 'deviationsOf'> & Partial<Pick<YamnetSettings, 'means'>>): number {
  const numbers = (each: YamnetSettings['layer']) => YAMNET_LAYERS[each].channels * YAMNET_LAYERS[each].bands;
  const beside = deviationsOf?.map(numbers) ?? [2 * YAMNET_LAYERS[last].channels];
  return (means ? numbers(last) : 0) + beside.reduce((sum, width) => sum + width, 0);
}
