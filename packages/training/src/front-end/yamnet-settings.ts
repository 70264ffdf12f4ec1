import { z } from 'zod';

/** How a waveform becomes one vector by the lower layers of YAMNet. */
export const yamnetSettings = z.strictObject({
  kind: z.literal('yamnet'),
  /** Hz; the rate that YAMNet was trained at. */
  sampleRate: z.literal(16_000).default(16_000),
  /** The last layer of the trunk. */
  layer: z.union([z.literal(4), z.literal(5), z.literal(6), z.literal(7)]).default(7),
  /** Steps more than so many dB below the loudest do not count in the pooling. */
  topDb: z.number().positive().default(35),
});

export type YamnetSettings = z.output<typeof yamnetSettings>;

/** What the layers up to which a trunk may go give per step; a frame is 10 ms. */
export const YAMNET_LAYERS = {
  4: { channels: 128, bands: 16, framesPerStep: 4 },
  5: { channels: 256, bands: 8, framesPerStep: 8 },
  6: { channels: 256, bands: 8, framesPerStep: 8 },
  7: { channels: 512, bands: 4, framesPerStep: 16 },
} as const;

/** Numbers in the pooled vector: a mean per channel and band, a deviation and a maximum per channel. */
export function yamnetWidth({ layer }: Pick<YamnetSettings, 'layer'>): number {
  const { channels, bands } = YAMNET_LAYERS[layer];
  return channels * (bands + 2);
}
