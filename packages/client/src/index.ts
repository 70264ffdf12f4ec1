export { MarsClient, type Asking, type MarsClientOptions, type Recording } from './client.ts';
export { MarsClientError, type ClientCode, type ErrorDetails } from './errors.ts';
export { LiveStream, type SocketLike, type StreamOptions } from './live-stream.ts';
export type {
  Channels,
  ClassifyOptions,
  CloseReason,
  ConnectionEvent,
  Explanation,
  Heard,
  Measurement,
  Model,
  Score,
  Segment,
  ServiceEvent,
  SessionClosed,
  SessionConfig,
  StreamEvent,
  Timeline,
  TimelineSummary,
  Verdict,
} from './results.ts';
