import { z } from 'zod';

/** How a waveform becomes one vector by the first blocks of Moonshine's encoder. */
export const moonshineSettings = z.strictObject({
  kind: z.literal('moonshine'),
  /** Hz; the rate that Moonshine was trained at. */
  sampleRate: z.literal(16_000).default(16_000),
  /** Steps more than so many dB below the loudest are not heard. */
  topDb: z.number().positive().default(35),
});

export type MoonshineSettings = z.output<typeof moonshineSettings>;

/** Numbers of a step. */
export const MOONSHINE_CHANNELS = 288;

/** Numbers in the pooled vector: mean and deviation of every channel, after each of three parts. */
export const MOONSHINE_WIDTH = 3 * 2 * MOONSHINE_CHANNELS;
