import {
  activation,
  additiveAttention,
  batchNorm1d,
  channelDropout,
  conv1d,
  dense,
  dropout,
  globalAvgPool1d,
  gru,
  maxPool1d,
  network,
  type Network,
} from '@mars/autograd';
import { z } from 'zod';

export const seedSettings = z.strictObject({
  kind: z.literal('seed'),
  channels: z.tuple([z.int().positive(), z.int().positive()]).default([48, 96]),
  hiddenSize: z.int().positive().default(64),
  dropoutRate: z.number().min(0).lt(1).default(0.3),
  bidirectional: z.boolean().default(false),
  /** How the steps of the recurrent layer become one vector: by learned weights, or by their plain mean. */
  pooling: z.enum(['attention', 'mean']).default('attention'),
});

/**
 * The seed's network: Conv1D, Conv1D, GRU, attention, dense: (B, T, inFeatures) → (B, labels).
 * Two poolings leave one recurrent step for every four frames.
 */
export function seedNetwork(
  {
    channels: [first, second],
    hiddenSize,
    dropoutRate,
    bidirectional,
    pooling,
  }: z.infer<typeof seedSettings>,
  inFeatures: number,
  labels: number,
): Network {
  const features = bidirectional ? 2 * hiddenSize : hiddenSize;
  return network({
    conv1: conv1d({ inChannels: inFeatures, outChannels: first, kernelSize: 5 }), // (B, T, first)
    pool1: maxPool1d(2), // (B, T/2, first)
    relu1: activation('relu'),
    norm1: batchNorm1d(first),
    drop1: channelDropout(dropoutRate),
    conv2: conv1d({ inChannels: first, outChannels: second, kernelSize: 5 }), // (B, T/2, second)
    pool2: maxPool1d(2), // (B, T/4, second)
    relu2: activation('relu'),
    norm2: batchNorm1d(second),
    drop2: channelDropout(dropoutRate),
    gru: gru({ inputSize: second, hiddenSize, bidirectional }), // (B, T/4, features)
    [pooling]: pooling === 'attention' ? additiveAttention({ features, units: 64 }) : globalAvgPool1d(), // (B, features)
    drop3: dropout(dropoutRate),
    output: dense({ inFeatures: features, outFeatures: labels }), // (B, labels)
  });
}
