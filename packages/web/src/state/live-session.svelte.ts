import type { Timeline } from '@mars/core';
import type { SoundBlock } from '../audio/block-cutter.ts';
import { Take } from '../audio/take.ts';
import type { Engine } from '../engine/engine.ts';
import { LevelHistory } from '../live/level-history.ts';
import { LiveFeed, type LiveGap } from '../live/live-feed.ts';
import { asTimeline, continueStory, NOTHING_HEARD, type LiveStory } from '../live/live-story.ts';
import { MicrophoneUse } from './microphone.svelte.ts';
import { asFile } from './recorder.svelte.ts';

export type LiveState = 'idle' | 'asking' | 'preparing' | 'listening' | 'paused' | 'ending' | 'over';

/** What the strip can show. */
export const STRIP_SEC = 20;

/** Longer recordings are not kept: 16-bit files of more would fill a phone's memory. */
export const MOST_KEPT_SEC = 1800;

export interface LiveOptions {
  readonly profile: object | undefined;
  readonly oneSpeaker: boolean;
  /** Whether the sound is kept, to be played and saved. */
  readonly keepsSound: boolean;
}

/** Listening live, from the click to the summary. */
export class LiveSession {
  readonly microphone = new MicrophoneUse({
    onBlock: (block) => this.#hear(block),
    onLost: () => void this.pause(),
  });
  readonly #engine: Engine;
  #state = $state<LiveState>('idle');
  #story = $state.raw<LiveStory>(NOTHING_HEARD);
  #gaps = $state.raw<readonly LiveGap[]>([]);
  #durationSec = $state(0);
  #behindSec = $state(0);
  #isLight = $state(false);
  #error = $state.raw<unknown>();
  #timeline = $state.raw<Timeline>();
  #file = $state.raw<File>();
  #attempt = 0;
  #feed: LiveFeed | undefined;
  #take: Take | undefined;
  #options: LiveOptions = { profile: undefined, oneSpeaker: false, keepsSound: false };
  /** Read at each frame by the strip, which needs no news of it. */
  levels: LevelHistory | undefined;
  lastBlockMs = 0;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  get state(): LiveState {
    return this.#state;
  }

  get story(): LiveStory {
    return this.#story;
  }

  get gaps(): readonly LiveGap[] {
    return this.#gaps;
  }

  get durationSec(): number {
    return this.#durationSec;
  }

  get behindSec(): number {
    return this.#behindSec;
  }

  /** Whether utterances are heard only when they have ended, as the machine is slow. */
  get isLight(): boolean {
    return this.#isLight;
  }

  /** Why it could not go on. */
  get error(): unknown {
    return this.#error;
  }

  /** When it is over: all that was heard. */
  get timeline(): Timeline | undefined {
    return this.#timeline;
  }

  /** When it is over: the sound, where it was to be kept. */
  get file(): File | undefined {
    return this.#file;
  }

  get options(): LiveOptions {
    return this.#options;
  }

  /** Begins anew, from within a click. */
  async start(options: LiveOptions): Promise<void> {
    this.#options = options;
    this.#story = NOTHING_HEARD;
    this.#gaps = [];
    this.#durationSec = this.#behindSec = 0;
    this.#isLight = false;
    this.#error = this.#timeline = this.#file = undefined;
    this.#feed = this.#take = this.levels = undefined;
    this.#state = 'asking';
    const attempt = ++this.#attempt;
    // Cancelled, or begun anew, while something was waited for.
    const isOver = (): boolean => attempt !== this.#attempt || this.#isAt('idle');
    const opening = this.microphone.open();
    const loading = this.#engine.load();
    loading.catch(() => undefined);
    const isOpen = await opening;
    if (isOver()) return;
    this.#state = isOpen ? 'preparing' : 'idle';
    if (!isOpen) return;
    try {
      await loading;
    } catch (error) {
      if (!isOver()) this.#fail(error);
      return;
    }
    if (!isOver()) this.#listen();
  }

  async pause(): Promise<void> {
    if (this.#state !== 'listening') return;
    this.microphone.pause();
    this.#state = 'paused';
    await this.#feed?.settle();
    this.#look();
  }

  async resume(): Promise<void> {
    if ((await this.microphone.resume()) && this.#state === 'paused') this.#state = 'listening';
  }

  /** Releases the microphone, hears the rest and sums up. Once more, it waits for the rest no longer. */
  async stop(): Promise<void> {
    this.microphone.close();
    if (!this.#feed) {
      this.#state = 'idle';
      return;
    }
    const feed = this.#feed;
    if (this.#state !== 'ending') {
      this.#state = 'ending';
      await feed.end();
    }
    if (this.#isAt('ending') && feed === this.#feed) this.#sumUp();
  }

  #isAt(state: LiveState): boolean {
    return this.#state === state;
  }

  #listen(): void {
    const { profile, oneSpeaker, keepsSound } = this.#options;
    const { sampleRate } = this.microphone;
    // What comes late, from a stream that nobody waits for any more, is not told.
    const current = (): boolean => this.#feed === feed;
    const feed = new LiveFeed({
      sampleRate,
      open: (options) => this.#engine.openStream({ ...options, profile, oneSpeaker }),
      onEvents: (events) => {
        if (!current()) return;
        this.#story = events.reduce(continueStory, this.#story);
        this.#look();
      },
      onGap: (gap) => {
        if (current()) this.#gaps = [...this.#gaps, gap];
      },
      onFailure: (error) => {
        if (current()) this.#fail(error);
      },
    });
    this.#feed = feed;
    if (keepsSound) this.#take = new Take(sampleRate, { maxSec: MOST_KEPT_SEC });
    // The microphone may have gone away while the model was loading.
    this.#state = this.microphone.state === 'on' ? 'listening' : 'paused';
  }

  #hear({ samples, peak }: SoundBlock): void {
    if (this.#state !== 'listening') return;
    this.levels ??= new LevelHistory({
      blockSec: samples.length / this.microphone.sampleRate,
      spanSec: STRIP_SEC + 1,
    });
    this.levels.push(peak);
    this.lastBlockMs = performance.now();
    this.#take?.push(samples);
    this.#feed!.push(samples);
    this.#look();
  }

  #look(): void {
    if (!this.#feed) return;
    const { durationSec, behindSec, isLight } = this.#feed;
    this.#durationSec = durationSec;
    this.#behindSec = behindSec;
    this.#isLight = isLight;
  }

  #fail(error: unknown): void {
    this.#error = error;
    this.microphone.close();
    if (this.#feed) this.#sumUp();
    else this.#state = 'idle';
  }

  #sumUp(): void {
    this.#look();
    this.#feed = undefined;
    this.#behindSec = 0;
    this.#story = { ...this.#story, current: undefined };
    this.#timeline = asTimeline(this.#story, this.#durationSec);
    if (this.#take) this.#file = asFile(this.#take, 'live');
    this.#take = undefined;
    this.#state = 'over';
  }
}
