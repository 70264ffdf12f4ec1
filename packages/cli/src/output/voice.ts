import type { VoiceExtent } from '@mars/core';
import { count } from './text.ts';

/** What verdicts rest on, beside the recording itself; undefined where nothing is known of the voice. */
export function describeKnownVoice(extent: VoiceExtent | undefined): string | undefined {
  if (extent === undefined) return undefined;
  const { profileClips, utterances } = extent;
  const known = [
    ...(profileClips > 0 ? [`a profile of ${count(profileClips, 'clip')}`] : []),
    ...(utterances > 0 ? [`up to ${count(utterances, 'earlier utterance')} of the same speaker`] : []),
  ];
  return known.length > 0 ? `voice known from ${known.join(' and ')}` : 'one speaker, whose voice is learnt';
}
