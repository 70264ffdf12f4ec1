import { encodeWav, MarsError, type Verdict } from '@mars/core';
import type { Analysis, Pcm, Source, VoiceSettings } from '../engine/engine.ts';
import { engine } from './engine.ts';
import { voice } from './profile.svelte.ts';

export type Status = 'waiting' | 'hearing' | 'heard' | 'failed' | 'cancelled';

export interface Failure {
  readonly code: string;
  readonly message: string;
}

let lastId = 0;

/** A recording on the page: what came, and what became of it. */
export class Recording {
  readonly id = ++lastId;
  readonly name: string;
  readonly source: Source;
  status = $state<Status>('waiting');
  doneSec = $state(0);
  /** About how long it is, while it is being heard. */
  wholeSec = $state<number>();
  /** Of the whole, as long as it is valid; a clip's is there before its analysis. */
  verdict = $state.raw<Verdict>();
  analysis = $state.raw<Analysis>();
  failure = $state.raw<Failure>();
  /** What was known of the voice when it was heard. */
  heardWith: VoiceSettings = {};
  readonly #listening: { controller?: AbortController; url?: string } = {};

  constructor(name: string, source: Source) {
    this.name = name;
    this.source = source;
  }

  /** An address under which the page can play it. */
  get url(): string {
    const { source } = this;
    this.#listening.url ??= URL.createObjectURL(source instanceof Blob ? source : wavOf(source));
    return this.#listening.url;
  }

  async hear(settings: VoiceSettings): Promise<void> {
    const controller = new AbortController();
    this.#listening.controller = controller;
    const fresh = { doneSec: 0, wholeSec: undefined, verdict: undefined, failure: undefined };
    Object.assign(this, { status: 'hearing', ...fresh });
    this.heardWith = settings;
    const onProgress = (doneSec: number, wholeSec?: number) => Object.assign(this, { doneSec, wholeSec });
    const onVerdict = (verdict: Verdict) => (this.verdict = verdict);
    const { signal } = controller;
    try {
      this.analysis = await engine.analyse(this.source, settings, { onProgress, onVerdict, signal });
      this.verdict = this.analysis.verdict;
      this.status = 'heard';
    } catch (error) {
      this.verdict = undefined;
      this.status = controller.signal.aborted ? 'cancelled' : 'failed';
      if (this.status === 'failed') this.failure = failureOf(error);
    }
  }

  /** Stops what is under way, or keeps it from beginning. */
  cancel(): void {
    if (this.status === 'waiting') this.status = 'cancelled';
    this.#listening.controller?.abort();
  }

  dispose(): void {
    this.cancel();
    if (this.#listening.url !== undefined) URL.revokeObjectURL(this.#listening.url);
  }
}

/** All recordings of the page; they are heard one after the other, in the order in which they came. */
class Recordings {
  list = $state.raw<readonly Recording[]>([]);
  selected = $state.raw<Recording>();
  oneSpeaker = $state(false);
  #isWorking = false;

  /** Adds recordings and begins to hear them; shows the first of them. */
  add(recordings: readonly { readonly name: string; readonly source: Source }[]): void {
    if (recordings.length === 0) return;
    const added = recordings.map(({ name, source }) => new Recording(name, source));
    this.list = [...this.list, ...added];
    [this.selected] = added;
    void this.#work();
  }

  hearAgain(recording: Recording): void {
    Object.assign(recording, { status: 'waiting', verdict: undefined });
    void this.#work();
  }

  remove(recording: Recording): void {
    recording.dispose();
    const at = this.list.indexOf(recording);
    this.list = this.list.toSpliced(at, 1);
    if (this.selected === recording) this.selected = this.list[Math.min(at, this.list.length - 1)];
  }

  clear(): void {
    for (const recording of this.list) recording.dispose();
    this.list = [];
    this.selected = undefined;
  }

  cancelAll(): void {
    for (const recording of this.list) recording.cancel();
  }

  /** What the next recording will be heard with. */
  get settings(): VoiceSettings {
    const profile = $state.snapshot(voice.profile);
    return { ...(profile && { profile }), ...(this.oneSpeaker && { oneSpeaker: true }) };
  }

  async #work(): Promise<void> {
    if (this.#isWorking) return;
    this.#isWorking = true;
    try {
      for (let next = this.#next(); next; next = this.#next()) await next.hear(this.settings);
    } finally {
      this.#isWorking = false;
    }
  }

  #next(): Recording | undefined {
    return this.list.find(({ status }) => status === 'waiting');
  }
}

export const recordings = new Recordings();

export function failureOf(error: unknown): Failure {
  if (error instanceof MarsError) return { code: error.code, message: error.message };
  return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) };
}

function wavOf(pcm: Pcm): Blob {
  return new Blob([encodeWav(pcm)], { type: 'audio/wav' });
}
