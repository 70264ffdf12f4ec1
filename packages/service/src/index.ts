export { openPool } from './recognition/recogniser-pool.ts';
export {
  ServiceBusyError,
  type AudioInput,
  type ClassifyOptions,
  type ClassifyResult,
  type HeardRecording,
  type ModelFacts,
  type PooledStream,
  type PoolOptions,
  type PoolTotals,
  type RecogniserPool,
  type StreamOptions,
  type VoiceOptions,
} from './recognition/pool-protocol.ts';
