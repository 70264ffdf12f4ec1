/** Events that are told when somebody asks for them. One iteration takes each event once. */
export class EventQueue<Event> implements AsyncIterableIterator<Event> {
  readonly #events: Event[] = [];
  readonly #asking: PromiseWithResolvers<IteratorResult<Event>>[] = [];
  readonly #onLeave: () => void;
  #hasEnded = false;
  #error: unknown;

  /** @param onLeave called when the iteration is left before the end */
  constructor(onLeave: () => void) {
    this.#onLeave = onLeave;
  }

  push(event: Event): void {
    if (this.#hasEnded) return;
    const asking = this.#asking.shift();
    if (asking) asking.resolve({ done: false, value: event });
    else this.#events.push(event);
  }

  /** Ends the iteration after the events that wait, with an error where one is given. */
  end(error?: unknown): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#error = error;
    for (const asking of this.#asking.splice(0)) this.#settle(asking);
  }

  next(): Promise<IteratorResult<Event>> {
    const asking = Promise.withResolvers<IteratorResult<Event>>();
    if (this.#events.length > 0) asking.resolve({ done: false, value: this.#events.shift()! });
    else if (this.#hasEnded) this.#settle(asking);
    else this.#asking.push(asking);
    return asking.promise;
  }

  async return(): Promise<IteratorResult<Event>> {
    this.#events.length = 0;
    this.#onLeave();
    this.end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #settle(asking: PromiseWithResolvers<IteratorResult<Event>>): void {
    if (this.#error === undefined) return asking.resolve({ done: true, value: undefined });
    asking.reject(this.#error);
    // It is told once.
    this.#error = undefined;
  }
}
