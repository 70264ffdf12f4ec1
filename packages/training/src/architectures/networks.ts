import type { Network } from '@mars/autograd';
import { z } from 'zod';
import { headNetwork, headSettings } from './head.ts';
import { kernelNetwork, kernelSettings } from './kernel.ts';
import { seedNetwork, seedSettings } from './seed.ts';

/** Every architecture, told apart by its `kind`. */
export const networkSettings = z.discriminatedUnion('kind', [seedSettings, headSettings, kernelSettings]);

export type NetworkSettings = z.infer<typeof networkSettings>;

/** The network of these settings: (B, T, inFeatures) → logits (B, labels). */
export function buildNetwork(settings: NetworkSettings, inFeatures: number, labels: number): Network {
  if (settings.kind === 'seed') return seedNetwork(settings, inFeatures, labels);
  return settings.kind === 'head'
    ? headNetwork(settings, inFeatures, labels)
    : kernelNetwork(settings, inFeatures, labels);
}
