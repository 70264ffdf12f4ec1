import { MarsError } from '@mars/core';
import type { Clip } from '../corpora/clip.ts';
import type { FeatureSettings } from './settings.ts';

/** MFCCs of one version of one clip, time-major: `data` is [frames, nMfcc], as many frames as the clip gives. */
export interface ClipFeatures {
  readonly data: Float32Array;
  readonly frames: number;
}

/** A clip without features, and why. */
export interface FeatureFailure {
  readonly clip: Clip;
  readonly error: MarsError;
}

/** The features of a list of clips, in memory. */
export class FeatureSet {
  readonly clips: readonly Clip[];
  readonly settings: FeatureSettings;
  /** Names of the variants that every clip has. */
  readonly variants: readonly string[];
  /** Per clip, its features in the order of `variants`, or the reason why there are none. */
  private readonly rows: readonly (readonly ClipFeatures[] | MarsError)[];
  private readonly indexOfFile: ReadonlyMap<string, number>;

  constructor(
    clips: readonly Clip[],
    settings: FeatureSettings,
    variants: readonly string[],
    rows: readonly (readonly ClipFeatures[] | MarsError)[],
  ) {
    this.clips = clips;
    this.settings = settings;
    this.variants = variants;
    this.rows = rows;
    this.indexOfFile = new Map(clips.map(({ file }, index) => [file, index]));
  }

  get failures(): FeatureFailure[] {
    return this.rows.flatMap((row, index) =>
      row instanceof MarsError ? [{ clip: this.clips[index], error: row }] : [],
    );
  }

  /** Whether a clip of the set, given as itself or as its index in `clips`, has features. */
  has(clip: Clip | number): boolean {
    return !(this.row(clip) instanceof MarsError);
  }

  /**
   * Errors: that of the clip where it has no features; `CONFIG_INVALID` for a clip or variant that is not of this set.
   *
   * @example
   * const { data, frames } = features.get(clip, 'noise'); // data.length === frames * features.settings.nMfcc
   */
  get(clip: Clip | number, variant = 'original'): ClipFeatures {
    const row = this.row(clip);
    if (row instanceof MarsError) throw row;
    const column = this.variants.indexOf(variant);
    if (column < 0) {
      throw new MarsError(
        'CONFIG_INVALID',
        `No variant "${variant}" was extracted, only ${this.variants.join(', ')}. Ask extractFeatures for it.`,
      );
    }
    return row[column];
  }

  private row(clip: Clip | number): readonly ClipFeatures[] | MarsError {
    const index = typeof clip === 'number' ? clip : this.indexOfFile.get(clip.file);
    const row = index === undefined ? undefined : this.rows[index];
    if (row === undefined) {
      const what = typeof clip === 'number' ? `Index ${clip}` : clip.id;
      throw new MarsError(
        'CONFIG_INVALID',
        `${what} is not among the ${this.clips.length} clips of this feature set.`,
      );
    }
    return row;
  }
}
