import { MarsError } from '@mars/core';

/** What live sessions may cost. Whoever reaches a limit is told its code or `session.closed`'s reason. */
export interface StreamLimits {
  /** Of one message, binary or text (1 MiB): `MESSAGE_TOO_LARGE`. */
  readonly maxFrameBytes: number;
  /** Sessions in all: `SERVICE_BUSY`. Infinity leaves it to the pool. */
  readonly maxSessions: number;
  /** Sessions of one client, a key or an address (20): `TOO_MANY_SESSIONS`. */
  readonly maxSessionsPerClient: number;
  /** Without audio (60): reason `idle`. */
  readonly idleSec: number;
  /** Of a session in all (3600): reason `time_limit`. */
  readonly maxSessionSec: number;
  /** By which audio may run ahead of the clock (10). More is not read until its time has come. */
  readonly maxAheadSec: number;
  /** What may wait for a client to read it (256 KiB): `CLIENT_TOO_SLOW`, reason `slow_client`. */
  readonly maxBufferedBytes: number;
  /** Between two pings (15). A client that has not answered one when the next is due is gone. */
  readonly pingSec: number;
  /** For the last events of a session that ends (5), and for a client to close its side. */
  readonly drainSec: number;
}

export const STREAM_LIMITS: StreamLimits = {
  maxFrameBytes: 1024 ** 2,
  maxSessions: Infinity,
  maxSessionsPerClient: 20,
  idleSec: 60,
  maxSessionSec: 3600,
  maxAheadSec: 10,
  maxBufferedBytes: 256 * 1024,
  pingSec: 15,
  drainSec: 5,
};

/** Who has how many sessions. */
export class SessionCount {
  readonly #limits: Pick<StreamLimits, 'maxSessions' | 'maxSessionsPerClient'>;
  readonly #perClient = new Map<string, number>();
  #total = 0;

  constructor(limits: Pick<StreamLimits, 'maxSessions' | 'maxSessionsPerClient'>) {
    this.#limits = limits;
  }

  get total(): number {
    return this.#total;
  }

  /**
   * Counts a session in.
   *
   * @returns what counts it out; more than once does nothing
   * @throws MarsError `SERVICE_BUSY`, `TOO_MANY_SESSIONS`
   */
  enter(client: string): () => void {
    const { maxSessions, maxSessionsPerClient } = this.#limits;
    const own = this.#perClient.get(client) ?? 0;
    if (own >= maxSessionsPerClient) {
      throw new MarsError(
        'TOO_MANY_SESSIONS',
        `${own} live sessions of this client are open, and it may have ${maxSessionsPerClient}. Close one first.`,
      );
    }
    if (this.#total >= maxSessions) {
      throw new MarsError(
        'SERVICE_BUSY',
        `${this.#total} live sessions are open, and the service takes ${maxSessions}. Try again later.`,
      );
    }
    this.#total++;
    this.#perClient.set(client, own + 1);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#total--;
      const rest = this.#perClient.get(client)! - 1;
      if (rest === 0) this.#perClient.delete(client);
      else this.#perClient.set(client, rest);
    };
  }
}
