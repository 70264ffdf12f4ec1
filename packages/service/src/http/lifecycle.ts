import { once } from 'node:events';
import type { FastifyInstance } from 'fastify';
import { MarsError } from '@mars/core';

/** Whether the service takes requests, and which it still has. */
export class Lifecycle {
  #isStopping = false;
  #active = 0;
  readonly #events = new EventTarget();

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /** From now on nothing new is taken; settled when all that was taken is answered. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    while (this.#active > 0) await once(this.#events, 'idle');
  }

  /** Counts requests, and refuses them from `stop` on; those that anybody may make are answered to the end. */
  watch(app: FastifyInstance): void {
    app.addHook('onRequest', async (request, { raw }) => {
      const { is404, routeOptions } = request;
      if (routeOptions.config.open === true) return;
      if (this.#isStopping && !is404) {
        throw new MarsError('SERVICE_STOPPING', 'The service is being stopped. Try again in a moment.');
      }
      // Live sessions end on their own terms.
      if (request.headers.upgrade !== undefined) return;
      this.#active++;
      raw.once('close', () => {
        if (--this.#active === 0) this.#events.dispatchEvent(new Event('idle'));
      });
    });
  }
}
