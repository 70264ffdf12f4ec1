import { MarsError } from '@mars/core';

/** What one may ask of the service. */
export interface Limits {
  /** Of the body of a request. */
  readonly uploadBytes: number;
  /** Of all bodies that are held at the same time: those that arrive, wait, or are being decoded. */
  readonly uploadBytesTogether: number;
  /** In which a body must have arrived. */
  readonly uploadMs: number;
  /** Between two pieces of a body. */
  readonly silenceMs: number;
  /** In which the headers of a request must have arrived, from the first byte of a connection on. */
  readonly headersMs: number;
  /** How long what follows a refused body is read and thrown away, so that the refusal gets through. */
  readonly lingerMs: number;
  readonly connections: number;
  /** Requests of each key, or address where no key is asked for, in a minute; 0 for as many as one likes. */
  readonly requestsPerMinute: number;
  /** Of a recording, decoded. */
  readonly audioSec: number;
}

export const DEFAULT_LIMITS: Limits = {
  uploadBytes: 25_000_000,
  uploadBytesTogether: 400_000_000,
  uploadMs: 60_000,
  silenceMs: 10_000,
  headersMs: 10_000,
  lingerMs: 2_000,
  connections: 2_000,
  requestsPerMinute: 0,
  audioSec: 600,
};

/** Memory that is shared out: what it gives never sums up to more than there is. */
export class ByteBudget {
  readonly total: number;
  #taken = 0;

  constructor(total: number) {
    this.total = total;
  }

  get taken(): number {
    return this.#taken;
  }

  /** @throws MarsError `SERVICE_BUSY` when there is not as much */
  take(bytes: number): void {
    if (this.#taken + bytes > this.total) {
      throw new MarsError(
        'SERVICE_BUSY',
        `The ${this.total} bytes that uploads may take together are in use. Try again in a moment.`,
      );
    }
    this.#taken += bytes;
  }

  giveBack(bytes: number): void {
    this.#taken -= bytes;
  }
}
