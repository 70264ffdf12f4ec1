import { Profile } from '@mars/core';

/** A profile, and what the page knows of it. */
export interface KeptProfile {
  /** What the engine and `mars calibrate` call a profile, as JSON. */
  readonly json: object;
  readonly learntAt: string;
  /** Whether verdicts rest on it. */
  readonly isOn: boolean;
}

const KEY = 'mars.profile';

/** The part of `localStorage` that is used. */
export type ProfileStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** Where it is kept now: in the browser, or, as that is full or forbidden, only as long as the page is open. */
export type Keeping = 'browser' | 'page';

/**
 * What was kept, or null. A profile that cannot be read is as if there were none: it can only have been written by
 * another version.
 */
export function readProfile(storage: ProfileStorage | undefined): KeptProfile | null {
  try {
    const kept = JSON.parse(storage?.getItem(KEY) ?? 'null') as KeptProfile | null;
    if (kept === null) return null;
    Profile.parse(kept.json);
    return kept;
  } catch {
    return null;
  }
}

/** Keeps a profile, or takes it away; says where it is now. A browser's storage may be full, switched off or forbidden. */
export function writeProfile(storage: ProfileStorage | undefined, kept: KeptProfile | null): Keeping {
  try {
    if (!storage) return 'page';
    if (kept === null) storage.removeItem(KEY);
    else storage.setItem(KEY, JSON.stringify(kept));
    return 'browser';
  } catch {
    return 'page';
  }
}

/** The browser's storage; undefined where even asking for it is forbidden. */
export function browserStorage(): ProfileStorage | undefined {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}

/**
 * Reads a profile from a file that a person chose.
 *
 * @param model what the engine's model is called: a profile fits no other
 * @throws MarsError PROFILE_INVALID; ProfileOfOtherModel
 */
export function parseProfileFile(text: string, model: string): object {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = text.slice(0, 20);
  }
  const profile = Profile.parse(json);
  if (profile.model !== model) throw new ProfileOfOtherModel(profile.model, model);
  return json as object;
}

export class ProfileOfOtherModel extends Error {
  readonly model: string;
  readonly expected: string;

  constructor(model: string, expected: string) {
    super(`The profile was learnt with the model "${model}"; the page has "${expected}".`);
    this.name = 'ProfileOfOtherModel';
    this.model = model;
    this.expected = expected;
  }
}
