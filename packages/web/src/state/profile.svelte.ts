import { browserStorage, readProfile, writeProfile, type Keeping, type KeptProfile } from './kept-profile.ts';

/** The profile of the person who speaks. */
class Voice {
  #kept = $state.raw<KeptProfile | null>(readProfile(browserStorage()));
  #keeping = $state<Keeping>('browser');

  /** What is kept, whether it is switched on or not. */
  get kept(): KeptProfile | null {
    return this.#kept;
  }

  get keeping(): Keeping {
    return this.#keeping;
  }

  /** What verdicts rest on, as `Engine` takes it; undefined where none is there or it is switched off. */
  get profile(): object | undefined {
    return this.#kept?.isOn ? this.#kept.json : undefined;
  }

  /** Takes a profile that was just learnt or read from a file, and switches it on. */
  keep(json: object): void {
    this.#set({ json, learntAt: new Date().toISOString(), isOn: true });
  }

  switch(isOn: boolean): void {
    if (this.#kept) this.#set({ ...this.#kept, isOn });
  }

  delete(): void {
    this.#set(null);
  }

  #set(kept: KeptProfile | null): void {
    this.#kept = kept;
    this.#keeping = writeProfile(browserStorage(), kept);
  }
}

export const voice = new Voice();
