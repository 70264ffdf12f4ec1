import type { Engine } from '../engine/engine.ts';
import { failureOf } from './app.svelte.ts';

/** A recording of the person whose profile is to be learnt. */
export interface OwnClip {
  readonly id: number;
  readonly name: string;
  readonly source: Blob;
  /** Of the line that was read. */
  readonly line?: number | undefined;
  /** How it was meant, where that was said. */
  readonly emotion?: string | undefined;
  /** `nobody` speaks in it: it would teach the voice of a room. */
  readonly status: 'checking' | 'good' | 'nobody' | 'failed';
  readonly durationSec?: number;
  readonly message?: string;
}

/** Clips are gathered here, looked at as they come, and learnt from. */
export class Enrolment {
  readonly #engine: Pick<Engine, 'analyse' | 'calibrate'>;
  #clips = $state.raw<readonly OwnClip[]>([]);
  #learning = $state.raw<{ readonly done: number; readonly whole: number }>();
  #failure = $state<string>();
  #lastId = 0;

  constructor(engine: Pick<Engine, 'analyse' | 'calibrate'>) {
    this.#engine = engine;
  }

  get clips(): readonly OwnClip[] {
    return this.#clips;
  }

  get good(): readonly OwnClip[] {
    return this.#clips.filter(({ status }) => status === 'good');
  }

  /** How far learning is, while it goes on. */
  get learning(): { readonly done: number; readonly whole: number } | undefined {
    return this.#learning;
  }

  get failure(): string | undefined {
    return this.#failure;
  }

  /** Takes a clip; of a line that was read before, in place of the one that was. */
  async add(clip: Pick<OwnClip, 'name' | 'source' | 'line' | 'emotion'>): Promise<void> {
    const id = ++this.#lastId;
    const others = this.#clips.filter(({ line }) => line === undefined || line !== clip.line);
    this.#clips = [...others, { ...clip, id, status: 'checking' }];
    try {
      const { verdict, durationSec } = await this.#engine.analyse(clip.source);
      this.#change(id, { status: verdict.verdict === 'no-speech' ? 'nobody' : 'good', durationSec });
    } catch (error) {
      this.#change(id, { status: 'failed', message: failureOf(error).message });
    }
  }

  remove(id: number): void {
    this.#clips = this.#clips.filter((clip) => clip.id !== id);
  }

  label(id: number, emotion: string | undefined): void {
    this.#change(id, { emotion });
  }

  /** Learns from the good ones; the profile as JSON, or undefined where `failure` says why not. */
  async learn(): Promise<object | undefined> {
    const clips = this.good.map(({ source, emotion }) => ({
      source,
      ...(emotion !== undefined && { emotion }),
    }));
    this.#failure = undefined;
    this.#learning = { done: 0, whole: clips.length };
    try {
      const profile = await this.#engine.calibrate(
        clips,
        (done) => (this.#learning = { done, whole: clips.length }),
      );
      this.#clips = [];
      return profile;
    } catch (error) {
      this.#failure = failureOf(error).message;
      return undefined;
    } finally {
      this.#learning = undefined;
    }
  }

  #change(id: number, changes: Partial<OwnClip>): void {
    this.#clips = this.#clips.map((clip) => (clip.id === id ? { ...clip, ...changes } : clip));
  }
}
