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
export { buildApp, type AppOptions } from './http/app.ts';
export { isLoopback } from './http/caller.ts';
export { HTTP_STATUS, type ErrorBody } from './http/errors.ts';
export { defaultKeyFile, KeyStore, type StoredKey } from './http/keys.ts';
export { DEFAULT_LIMITS, type Limits } from './http/limits.ts';
export { LOG_LEVELS, type LogLevel, type LogOptions } from './http/logging.ts';
export { serve, type RunningService, type ServeOptions } from './http/serve.ts';
export { stopOnSignal } from './http/signals.ts';
export { openQueue, type OpenQueue, type QueueOptions } from './batch/database.ts';
export { isUrl } from './batch/download.ts';
export { hearWith, poolLimits } from './batch/hear.ts';
export { runLocally } from './batch/local.ts';
export {
  findManifest,
  readManifest,
  sha256,
  type Manifest,
  type PartReceipt,
  type PlannedRecording,
} from './batch/manifest.ts';
export type { BatchOptions } from './batch/options.ts';
export { checkPlan, planBatch, type PlanOptions } from './batch/plan.ts';
export { readQueue, submitShards, workOnQueue, type QueueState, type WorkOptions } from './batch/queue.ts';
export type { HeardTimeline, SegmentRow } from './batch/rows.ts';
export { runShard, type Classify, type ShardOptions } from './batch/shard-runner.ts';
export { findDamage, readStatus, type BatchStatus } from './batch/status.ts';
export { isTable, readTable } from './batch/table.ts';
