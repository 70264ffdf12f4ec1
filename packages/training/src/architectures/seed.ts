import {
  activation,
  additiveAttention,
  batchNorm1d,
  channelDropout,
  conv1d,
  dense,
  dropout,
  gru,
  maxPool1d,
  network,
  type Network,
} from '@mars/autograd';

export interface SeedOptions {
  /** Coefficients per frame. */
  inFeatures: number;
  labels: number;
  channels: readonly [number, number];
  hiddenSize: number;
  dropoutRate: number;
  bidirectional?: boolean;
}

/**
 * The seed's network: Conv1D, Conv1D, GRU, attention, dense: (B, T, inFeatures) → (B, labels).
 * Two poolings leave one recurrent step for every four frames.
 */
export function seedNetwork({
  inFeatures,
  labels,
  channels: [first, second],
  hiddenSize,
  dropoutRate,
  bidirectional = false,
}: SeedOptions): Network {
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
    attention: additiveAttention({ features, units: 64 }), // (B, features)
    drop3: dropout(dropoutRate),
    output: dense({ inFeatures: features, outFeatures: labels }), // (B, labels)
  });
}
