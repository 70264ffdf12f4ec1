import { operations, type Tensor } from '@mars/autograd';
import { MarsError } from '@mars/core';
import { trunksOf, type FeatureSettings } from '../features/settings.ts';
import { logMelFrontEnd, mfccFrontEnd } from './mfcc.ts';
import { moonshineFrontEnd } from './moonshine.ts';
import { yamnetFrontEnd } from './yamnet.ts';

/**
 * What a network sees of a waveform, computed inside the graph: (batch, samples) at the settings' rate →
 * (batch, frames, width), the very numbers that `extractFeatures` gives for training.
 *
 * @param speed plays the waveform so many times as fast; of a trunk's features only
 *
 * Errors: `CONFIG_INVALID` for settings that cannot stand in a graph.
 *
 * @example
 * const mfcc = frontEnd(input('waveform', ['batch', 'samples']), SEED_FEATURES); // (batch, frames, 40)
 */
export function frontEnd(waveform: Tensor, settings: FeatureSettings, { speed = 1 } = {}): Tensor {
  if (settings.kind === 'yamnet') return yamnetFrontEnd(waveform, settings, { speed });
  if (settings.kind === 'moonshine') return moonshineFrontEnd(waveform, settings, { speed });
  if (settings.kind === 'fusion') {
    return operations.concat(
      trunksOf(settings).map((trunk) => frontEnd(waveform, trunk, { speed })),
      2,
    );
  }
  if (speed !== 1) {
    throw new MarsError(
      'CONFIG_INVALID',
      `testSpeeds holds ${speed}; a model of ${settings.kind} features hears at speed 1 only, one of a trunk's features at any.`,
    );
  }
  return settings.kind === 'mfcc' ? mfccFrontEnd(waveform, settings) : logMelFrontEnd(waveform, settings);
}
