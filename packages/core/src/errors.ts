/**
 * Everything that can go wrong with what a caller hands in, by stable code.
 * The same codes appear in the library, on the command line and in the API.
 */
export const ERROR_CODES = {
  AUDIO_EMPTY: 'the file or buffer holds no bytes, or the recording no samples',
  AUDIO_UNREADABLE: 'the bytes are not a recording in a format that MARS reads',
  AUDIO_TRUNCATED: 'the recording ends before the length that its header promises',
  AUDIO_UNSUPPORTED: 'a known container with a coding that MARS does not read',
  AUDIO_NOT_FINITE: 'the recording holds NaN or infinite samples',
  AUDIO_TOO_SHORT: 'the recording is too short to hold one analysis frame of speech',
  AUDIO_TOO_LONG: 'the recording is longer than the limit',
  FILE_NOT_FOUND: 'there is no such file, or it vanished while it was read',
  FILE_UNREADABLE: 'the file is there, and the system would not let it be read',
  FILE_IS_DIRECTORY: 'a folder came where a file was expected',
  NO_INPUT: 'nothing was given to work on, or a pattern matched nothing',
  MODEL_NOT_FOUND: 'there is no model of that name or at that path',
  MODEL_INVALID: 'the file is not a MARS model, or its metadata does not fit its graph',
  PROFILE_INVALID: 'the file is not a profile, or it was learnt with another model',
  CORPUS_INVALID: 'the folder does not hold the corpus that was named',
  DOWNLOAD_FAILED: 'a file could not be fetched whole and as its source describes it',
  CONFIG_INVALID: 'an option or configuration value is out of its range',
  RECORDER_FAILED: 'no program of the system could record the microphone',
  STREAM_CLOSED: 'the stream has ended and takes nothing more',
  STREAM_OVERFLOW: 'more audio waits to be heard than the stream may hold',
  MESSAGE_INVALID: 'a message of a live session is none that the protocol knows, or not in its place',
  MESSAGE_TOO_LARGE: 'a message of a live session is longer than the limit',
  TOO_MANY_SESSIONS: 'the caller has as many live sessions as one may have',
  CLIENT_TOO_SLOW: 'the caller does not read what it is sent',
  TEST_LEAK: 'the model was trained on clips of the test part, so the figure would be worthless',
  RUN_INVALID: 'the folder is not a training run, or it belongs to another configuration',
  BATCH_INVALID:
    'the folder is not a batch, its table cannot be read, or it was planned with other options or another model',
  DATABASE_FAILED: 'the database of the queue cannot be reached or used',
  SERVICE_BUSY: 'as much work waits as the service may hold; it tells when to try again',
  SERVICE_STOPPING: 'the service is shutting down and takes nothing more',
  DEADLINE_EXCEEDED: 'the work took longer than its deadline allows',
  WORKER_LOST: 'the worker that did the work died of it, or of other work; another one has taken its place',
  REQUEST_INVALID: 'the request is not of the form that was asked for',
  REQUEST_TOO_LARGE: 'the body of the request has more bytes than are taken',
  REQUEST_TIMEOUT: 'the request did not arrive in time',
  MEDIA_TYPE_UNSUPPORTED: 'the body is of a type that nothing is known of at this address',
  NOT_FOUND: 'nothing is at this address',
  METHOD_NOT_ALLOWED: 'there is something at this address, but not for this method',
  UNAUTHORIZED: 'a key is needed, and none came or it is not valid',
  ORIGIN_FORBIDDEN: 'the request comes from a web page that may not ask, or names another host',
  RATE_LIMITED: 'the caller has asked for more than its share',
  KEYS_INVALID: 'the file of API keys cannot be used',
  CANCELLED: 'who asked has gone or has called it off',
  INTERNAL: 'MARS itself failed: a fault to report, and not one of the input',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/**
 * An error that a caller can act on. `message` says what came, what was expected and what to do.
 *
 * @example
 * throw new MarsError('AUDIO_EMPTY', 'The file holds 0 bytes; a recording was expected. Record it again.');
 */
export class MarsError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'MarsError';
    this.code = code;
  }
}
