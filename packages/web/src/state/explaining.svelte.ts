import type { Explanation } from '@mars/core';
import type { Part } from '../engine/engine.ts';
import { failureOf, type Failure, type Recording } from './app.svelte.ts';
import { engine } from './engine.ts';

/** What the score of a recording, or of a part of it, rests on: asked for on request, as it takes a while. */
export class Explaining {
  isUnderWay = $state(false);
  done = $state(0);
  runs = $state(0);
  explanation = $state.raw<Explanation | null>();
  failure = $state.raw<Failure>();
  #controller: AbortController | undefined;

  async ask({ source, heardWith, analysis }: Recording, part: Part): Promise<void> {
    this.clear();
    const controller = new AbortController();
    this.#controller = controller;
    Object.assign(this, { isUnderWay: true, done: 0, runs: 0 });
    try {
      // Of a part that was chosen it is known that somebody speaks; of the whole, that the verdict is an emotion.
      const assumeSpeech = part.endSec !== undefined || analysis?.verdict.emotion !== null;
      const { explanation } = await engine.explain(
        source,
        { ...heardWith, ...part, assumeSpeech },
        {
          onProgress: (done, runs = 0) => Object.assign(this, { done, runs }),
          signal: controller.signal,
        },
      );
      this.explanation = explanation;
    } catch (error) {
      if (!controller.signal.aborted) this.failure = failureOf(error);
    } finally {
      if (this.#controller === controller) this.isUnderWay = false;
    }
  }

  /** Forgets what was asked, and stops what is under way. */
  clear(): void {
    this.#controller?.abort();
    Object.assign(this, { isUnderWay: false, explanation: undefined, failure: undefined });
  }
}
