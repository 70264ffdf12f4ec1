import { MarsError } from '../errors.ts';
import { decodeFloat16, encodeFloat16 } from './float16.ts';
import type { Adaptation } from './model.ts';

/**
 * How many clips of an average voice a person's clips are weighed against: with as many, a profile goes half the way
 * from that voice to the person's. Chosen on validating actors (docs/experiments.md).
 */
export const PROFILE_PRIOR_CLIPS = 3;

const FORMAT = 'mars-profile';
const VERSION = 1;

export interface ProfileFields {
  /** Where the numbers of `mean` have their meaning: `Model.embeddingSpace`. */
  readonly space: string;
  /** Name of the model. */
  readonly model: string;
  /** Clips that it was learnt from. */
  readonly clips: number;
  /** How many of them came with their emotion. */
  readonly labelled: number;
  /** How far the mean of the clips lies from an average voice, (width). */
  readonly mean: Float32Array;
  /** What is added to the weights and biases of the last layer, (labels, hidden + 1). */
  readonly lastLayer?: Float32Array | undefined;
}

/**
 * What MARS has learnt of one person's voice: how far it lies from an average one in the model's embedding and, from
 * labelled clips, a light change of the last layer. It holds no audio, but it describes a voice: it is personal data,
 * and belongs where its owner wants it.
 *
 * @example
 * const profile = await recogniser.calibrate(clips);
 * const verdict = await recogniser.classify(clip, { profile });
 * await writeFile('profile.json', JSON.stringify(profile));
 * Profile.parse(JSON.parse(await readFile('profile.json', 'utf8')));
 */
export class Profile {
  readonly space: string;
  readonly model: string;
  readonly clips: number;
  readonly labelled: number;
  readonly mean: Float32Array;
  readonly lastLayer: Float32Array | undefined;

  constructor({ space, model, clips, labelled, mean, lastLayer }: ProfileFields) {
    this.space = space;
    this.model = model;
    this.clips = clips;
    this.labelled = labelled;
    this.mean = mean;
    this.lastLayer = lastLayer;
  }

  /**
   * Reads what `JSON.stringify` made of a profile, parsed. A profile is input from outside: every field is checked.
   *
   * @throws MarsError `PROFILE_INVALID` naming what came and what was expected
   */
  static parse(json: unknown): Profile {
    if (typeof json !== 'object' || json === null) throw invalid('It', typeof json, 'a JSON object');
    const fields = json as Record<string, unknown>;
    if (fields['format'] !== FORMAT) throw invalid('"format"', fields['format'], `"${FORMAT}"`);
    if (fields['version'] !== VERSION) {
      throw invalid('"version"', fields['version'], `${VERSION} (a newer MARS writes newer ones)`);
    }
    const clips = count(fields, 'clips');
    const labelled = count(fields, 'labelled');
    if (labelled > clips) throw invalid('"labelled"', labelled, `a number up to "clips", ${clips},`);
    return new Profile({
      space: text(fields, 'space'),
      model: text(fields, 'model'),
      clips,
      labelled,
      mean: numbers(fields, 'mean'),
      ...('lastLayer' in fields && { lastLayer: numbers(fields, 'lastLayer') }),
    });
  }

  /** What a model does with it. */
  get adaptation(): Adaptation {
    const weight = profileWeight(this.clips);
    return { offset: this.mean.map((value) => weight * value), lastLayer: this.lastLayer };
  }

  toJSON(): Record<string, unknown> {
    const { space, model, clips, labelled, mean, lastLayer } = this;
    return {
      format: FORMAT,
      version: VERSION,
      model,
      space,
      clips,
      labelled,
      mean: encodeFloat16(mean),
      ...(lastLayer && { lastLayer: encodeFloat16(lastLayer) }),
    };
  }
}

/** How far a mean over so many clips is trusted, 0 to 1. */
export function profileWeight(clips: number): number {
  return clips / (clips + PROFILE_PRIOR_CLIPS);
}

function text(fields: Record<string, unknown>, key: string): string {
  const value = fields[key];
  if (typeof value !== 'string' || value === '') throw invalid(`"${key}"`, value, 'a text');
  return value;
}

function count(fields: Record<string, unknown>, key: string): number {
  const value = fields[key];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) {
    throw invalid(`"${key}"`, value, 'a whole number from 0');
  }
  return value;
}

function numbers(fields: Record<string, unknown>, key: string): Float32Array {
  const value = text(fields, key);
  try {
    const decoded = decodeFloat16(value);
    if (decoded.length > 0 && decoded.every((number) => Number.isFinite(number))) return decoded;
  } catch {
    // Told below, with what else can be wrong.
  }
  throw invalid(`"${key}"`, `${value.slice(0, 12)}…`, 'base64 of finite 16-bit floats');
}

function invalid(what: string, came: unknown, expected: string): MarsError {
  return new MarsError(
    'PROFILE_INVALID',
    `This is no profile: ${what} is ${JSON.stringify(came) ?? 'missing'}; ${expected} was expected. ` +
      'Give a file that "mars calibrate" wrote, or make a new one.',
  );
}
