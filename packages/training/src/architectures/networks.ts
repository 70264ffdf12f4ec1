import type { Network } from '@mars/autograd';
import { z } from 'zod';
import { headNetwork, headSettings } from './head.ts';
import { seedNetwork, seedSettings } from './seed.ts';

/** Every architecture, told apart by its `kind`. */
export const networkSettings = z.discriminatedUnion('kind', [seedSettings, headSettings]);

export type NetworkSettings = z.infer<typeof networkSettings>;

/** The network of these settings: (B, T, inFeatures) → logits (B, labels). */
export function buildNetwork(settings: NetworkSettings, inFeatures: number, labels: number): Network {
  return settings.kind === 'seed'
    ? seedNetwork(settings, inFeatures, labels)
    : headNetwork(settings, inFeatures, labels);
}
