import type { Socket } from 'node:net';
import { MarsError, type ErrorCode } from '@mars/core';
import { requestId } from './request-id.ts';

/** The HTTP status of every error: the one table of it. */
export const HTTP_STATUS: Readonly<Record<ErrorCode, number>> = {
  AUDIO_EMPTY: 422,
  AUDIO_UNREADABLE: 422,
  AUDIO_TRUNCATED: 422,
  AUDIO_UNSUPPORTED: 422,
  AUDIO_NOT_FINITE: 422,
  AUDIO_TOO_SHORT: 422,
  AUDIO_TOO_LONG: 413,
  PROFILE_INVALID: 422,
  CONFIG_INVALID: 400,
  NO_INPUT: 400,
  REQUEST_INVALID: 400,
  MESSAGE_INVALID: 400,
  UNAUTHORIZED: 401,
  ORIGIN_FORBIDDEN: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  REQUEST_TIMEOUT: 408,
  CLIENT_TOO_SLOW: 408,
  STREAM_CLOSED: 409,
  REQUEST_TOO_LARGE: 413,
  MESSAGE_TOO_LARGE: 413,
  MEDIA_TYPE_UNSUPPORTED: 415,
  RATE_LIMITED: 429,
  TOO_MANY_SESSIONS: 429,
  STREAM_OVERFLOW: 429,
  // Nobody is there to read it; nginx's number for that, in logs and metrics.
  CANCELLED: 499,
  SERVICE_BUSY: 503,
  SERVICE_STOPPING: 503,
  DEADLINE_EXCEEDED: 504,
  // What has nothing to do with the request, and so is a fault of the service where it comes up.
  FILE_NOT_FOUND: 500,
  FILE_UNREADABLE: 500,
  FILE_IS_DIRECTORY: 500,
  MODEL_NOT_FOUND: 500,
  MODEL_INVALID: 500,
  CORPUS_INVALID: 500,
  DOWNLOAD_FAILED: 500,
  RECORDER_FAILED: 500,
  TEST_LEAK: 500,
  RUN_INVALID: 500,
  BATCH_INVALID: 500,
  DATABASE_FAILED: 500,
  KEYS_INVALID: 500,
  WORKER_LOST: 500,
  INTERNAL: 500,
};

/** What a caller gets instead of an answer. */
export interface ErrorBody {
  readonly error: { readonly code: ErrorCode; readonly message: string; readonly request_id: string };
}

export function errorBody({ code, message }: MarsError, requestId: string): ErrorBody {
  return { error: { code, message, request_id: requestId } };
}

/** Errors of the libraries that the server is made of, by their codes. */
const FOREIGN: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['REQUEST_TOO_LARGE', 'The body has more bytes than are taken here.'],
  FST_ERR_BAD_URL: ['NOT_FOUND', 'This address cannot be read: its % signs begin no characters.'],
  FST_ERR_MAX_PARAM_LENGTH: ['NOT_FOUND', 'Nothing is at this address.'],
  FST_PARTS_LIMIT: ['REQUEST_INVALID', 'The form has too many parts; "file" and "config" were expected.'],
  FST_FIELDS_LIMIT: ['REQUEST_INVALID', 'The form has too many fields; "file" and "config" were expected.'],
  FST_FILES_LIMIT: ['REQUEST_INVALID', 'The form has several files; send one request for each of them.'],
  FST_PROTO_VIOLATION: ['REQUEST_INVALID', 'The form has a part that may not have its name.'],
  FST_INVALID_JSON_FIELD_ERROR: ['REQUEST_INVALID', 'A part of the form is to be JSON and is none.'],
  FST_MP_PREMATURE_CLOSE: ['REQUEST_INVALID', 'The form ends before its last boundary.'],
  FST_REQ_FILE_TOO_LARGE: ['REQUEST_TOO_LARGE', 'The file has more bytes than are taken here.'],
};

/** Answers what is no HTTP, or never becomes a request. */
export function refuseBroken({ code }: Error & { code?: string }, socket: Socket): void {
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const isLate = code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const error = isLate
    ? new MarsError('REQUEST_TIMEOUT', 'The request did not arrive in time.')
    : new MarsError('REQUEST_INVALID', 'This is no request of HTTP/1.1, or one with headers beyond 16 KiB.');
  const body = JSON.stringify(errorBody(error, requestId({ headers: {} })));
  const head = [
    `HTTP/1.1 ${isLate ? '408 Request Timeout' : '400 Bad Request'}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/** Whatever was thrown, as an error that may be told. Of faults of our own nothing is told but that there is one. */
export function tellable(error: unknown): MarsError {
  if (error instanceof MarsError) return error;
  const { code = '', statusCode = 500, message = '' } = (error ?? {}) as Partial<Record<string, never>>;
  const known = FOREIGN[code];
  if (known !== undefined) return new MarsError(...known, { cause: error });
  if (statusCode >= 400 && statusCode < 500) {
    return new MarsError('REQUEST_INVALID', `The request cannot be read: ${message}`, { cause: error });
  }
  return new MarsError('INTERNAL', 'MARS itself failed. Please report it, with the request_id.', {
    cause: error,
  });
}
