import type { LivePush } from './worker-protocol.ts';

/**
 * Live audio on its way to one worker. What comes while the last of it is heard goes together, in one message: to write one
 * for each piece of each stream would cost a busy service more than all else that it does with them. While there is
 * little to do, nothing waits.
 */
export class PushLane {
  readonly #send: (pushes: readonly LivePush[]) => void;
  #waiting: LivePush[] = [];
  /** Whether a message is being heard, or the next one is about to go. */
  #isUnderWay = false;

  constructor(send: (pushes: readonly LivePush[]) => void) {
    this.#send = send;
  }

  add(push: LivePush): void {
    this.#waiting.push(push);
    this.#goOn();
  }

  /** All that was sent has been heard. */
  heard(): void {
    this.#isUnderWay = false;
    if (this.#waiting.length > 0) this.#goOn();
  }

  #goOn(): void {
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    // What other sockets have brought by now goes too.
    setImmediate(() => this.#send(this.#waiting.splice(0)));
  }
}
