/** Codes that are the client's own; all others are the service's. */
export type ClientCode =
  'CONNECTION_FAILED' | 'RESPONSE_INVALID' | 'STREAM_CLOSED' | 'CONFIG_INVALID' | 'AUDIO_NOT_FINITE';

export interface ErrorDetails extends ErrorOptions {
  readonly requestId?: string | undefined;
  readonly status?: number | undefined;
  readonly retryAfterSec?: number | undefined;
}

/**
 * Why there is no answer. `code` is stable: one of the service's (https://…/docs lists them), or one of {@link ClientCode}.
 *
 * @example
 * if (error instanceof MarsClientError && error.code === 'SERVICE_BUSY') await sleep(error.retryAfterSec ?? 1);
 */
export class MarsClientError extends Error {
  readonly code: string;
  /** What the service calls the request, in its logs too. */
  readonly requestId: string | undefined;
  /** Of HTTP. */
  readonly status: number | undefined;
  /** When the service, which has too much to do, may be asked again. */
  readonly retryAfterSec: number | undefined;

  constructor(
    code: string,
    message: string,
    { requestId, status, retryAfterSec, ...options }: ErrorDetails = {},
  ) {
    super(message, options);
    this.name = 'MarsClientError';
    this.code = code;
    this.requestId = requestId;
    this.status = status;
    this.retryAfterSec = retryAfterSec;
  }
}
