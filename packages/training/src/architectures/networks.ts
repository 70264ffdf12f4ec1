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
  switch (settings.kind) {
    case 'seed':
      return seedNetwork(settings, inFeatures, labels);
    case 'head':
      return headNetwork(settings, inFeatures, labels);
    case 'kernel':
      return kernelNetwork(settings, inFeatures, labels);
  }
}
