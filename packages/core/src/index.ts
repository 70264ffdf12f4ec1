export { EMOTIONS, type Emotion } from './emotions.ts';
export { EMOTION_COLOURS, type Colour } from './emotion-colours.ts';
export { lettersOf } from './emotion-letters.ts';
export { ERROR_CODES, MarsError, type ErrorCode } from './errors.ts';
export { fileError } from './file-error.ts';
export { SAMPLE_RATE_RANGE, type Audio } from './audio/audio.ts';
export type { ComplexMatrix, Matrix } from './features/matrix.ts';
export type { PadMode } from './features/frames.ts';
export { stft, type StftOptions } from './features/stft.ts';
export { istft, type IstftOptions } from './features/istft.ts';
export {
  melFilterbank,
  melspectrogram,
  type MelFilterbankOptions,
  type MelspectrogramOptions,
} from './features/mel.ts';
export { powerToDb, type PowerToDbOptions } from './features/decibel.ts';
export { mfcc, type MfccOptions } from './features/mfcc.ts';
export { delta, type DeltaOptions } from './features/delta.ts';
export { rms, trim, zeroCrossingRate, type EnvelopeOptions, type TrimOptions } from './features/envelope.ts';
export { decodeAudio } from './audio/decode.ts';
export {
  openAudio,
  openChannels,
  type AudioReader,
  type ChannelReader,
  type ReadingOptions,
} from './audio/audio-reader.ts';
export type { AudioSource } from './audio/byte-reader.ts';
export { encodeWav, type WavFormat } from './audio/wav-writer.ts';
export { resample, Resampler } from './audio/resample.ts';
export {
  VAD_FRAME,
  VAD_SAMPLE_RATE,
  VoiceActivityDetector,
  VoiceActivityStream,
} from './audio/voice-activity.ts';
export type { Calibration, ModelMetadata, Split } from './recognition/metadata.ts';
export type { VoiceExtent } from './recognition/calibration.ts';
export { decodeFloat16, encodeFloat16 } from './recognition/float16.ts';
export { Profile, PROFILE_PRIOR_CLIPS, type ProfileFields } from './recognition/profile.ts';
export {
  loadRecogniser,
  type ClassifyOptions,
  type EnrolmentClip,
  type Recogniser,
  type RecogniserOptions,
  type VoiceOptions,
} from './recognition/recogniser.ts';
export type {
  AttentionStep,
  BandContribution,
  ExplainedVerdict,
  ExplainOptions,
  Explanation,
  StretchContribution,
} from './recognition/explanation.ts';
export type { Band } from './recognition/occlusion.ts';
export type { ListeningOptions } from './recognition/listener.ts';
export {
  LiveStream,
  type LiveEvent,
  type LiveMeasurement,
  type StreamOptions,
} from './recognition/stream.ts';
export { summarise, type TimelineSummary } from './recognition/summary.ts';
export type { BlockSource, Segment, Timeline, TimelineOptions } from './recognition/timeline.ts';
export type { UtteranceOptions } from './recognition/utterances.ts';
export { emotionVerdict, type Score, type Verdict } from './recognition/verdict.ts';
