import { createHash, randomUUID } from 'node:crypto';
import { appendFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { TrainingState, Weights } from '@mars/autograd';
import { MarsError } from '@mars/core';
import { parseConfig, type TrainConfig } from './config.ts';
import type { Normaliser } from './dataset.ts';
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from './features/safetensors.ts';
import type { Fold } from './splits/fold.ts';
import type { Protocol } from './splits/protocols.ts';

/** What identifies a training: written first, and compared when it is taken up again. */
export interface RunDescription {
  readonly config: TrainConfig;
  readonly protocol: Protocol;
  readonly fold: string;
  readonly seed: number;
  readonly labels: readonly string[];
  /** Ids of the clips of each part, so that anyone can see that nothing leaked. */
  readonly clips: { readonly train: string[]; readonly validation: string[]; readonly test: string[] };
  /** SHA-256 over the clips' contents: the same names with other audio are another run. */
  readonly clipsHash: string;
  /**
   * How many threads it began with. Told, not compared: another number rounds otherwise in the last digits, and that
   * alone makes no other training.
   */
  readonly threads?: number;
}

/** One line of history.jsonl. */
export interface EpochRecord {
  readonly epoch: number;
  readonly learningRate: number;
  readonly trainLoss: number;
  readonly trainAccuracy: number;
  readonly validationLoss?: number;
  readonly validationAccuracy?: number;
  readonly validationUar?: number;
  /** Of a kernel machine: the one that validation chose. */
  readonly ridge?: number;
  readonly seconds: number;
}

export interface Checkpoint {
  readonly epoch: number;
  readonly state: TrainingState;
  readonly normaliser: Normaliser;
  /** Mean of each label's examples after normalisation, (labels, width); where a model takes profiles. */
  readonly labelMeans?: Float32Array;
  /** The epoch of the highest validation UAR and its weights, where a training may end early. */
  readonly best?: BestEpoch;
}

export interface BestEpoch {
  readonly epoch: number;
  readonly validationUar: number;
  readonly weights: Weights;
}

/** Whether a training has done all its epochs, or has waited long enough for a better one. */
export function isFinished({ epoch, best }: Checkpoint, { epochs, patience }: TrainConfig): boolean {
  return epoch >= epochs || (patience !== undefined && best !== undefined && epoch - best.epoch >= patience);
}

/** What a training gives: the best epoch's weights where it may end early, else the last, or their moving average. */
export function finalWeights({ state, best }: Checkpoint, { averageDecay }: TrainConfig): Weights {
  const { parameters, average, buffers = new Float32Array() } = state.vectors;
  return best?.weights ?? { parameters: averageDecay === undefined ? parameters : average, buffers };
}

export function describeRun(
  config: TrainConfig,
  protocol: Protocol,
  { name, train, validation, test }: Fold,
  seed: number,
  labels: readonly string[],
  threads?: number,
): RunDescription {
  const ids = (part: Fold['train']) => part.map(({ corpus, id }) => `${corpus}/${id}`);
  const hash = createHash('sha256');
  for (const clip of [...train, ...validation, ...test]) hash.update(`${clip.id} ${clip.contentHash}\n`);
  return {
    config,
    protocol,
    fold: name,
    seed,
    labels,
    clips: { train: ids(train), validation: ids(validation), test: ids(test) },
    clipsHash: hash.digest('hex'),
    threads,
  };
}

/**
 * A training's folder: `run.json` (what it is), `history.jsonl` (one line per epoch), `checkpoint.safetensors`
 * (all that is needed to go on), and at the end `metrics.json` and `predictions.jsonl`.
 * Files are replaced whole, so a kill at any moment leaves a run that can be taken up.
 */
export class RunFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /**
   * Claims the folder for a training. With `resume` a run of the same description goes on where it stood; without, a
   * folder that holds a run already is left alone.
   *
   * Errors: `RUN_INVALID` when the folder holds a run and `resume` is not asked for, or holds another one.
   */
  async claim(description: RunDescription, { resume }: { resume: boolean }): Promise<void> {
    const existing = await this.readJson<RunDescription>('run.json');
    if (existing === undefined) {
      await this.create();
      await this.writeJson('run.json', description);
      return;
    }
    if (!resume) {
      throw new MarsError(
        'RUN_INVALID',
        `${this.path} holds a training already. Give --resume to go on with it, or another --out.`,
      );
    }
    if (!isDeepStrictEqual(identity(existing), identity(description))) {
      throw new MarsError(
        'RUN_INVALID',
        `${this.path} holds another training (another configuration, seed, split or corpus). Give another --out.`,
      );
    }
  }

  /** Errors: `RUN_INVALID` when the folder holds no run. */
  async description(): Promise<RunDescription> {
    const description = await this.readJson<RunDescription>('run.json');
    if (description === undefined) {
      throw new MarsError(
        'RUN_INVALID',
        `${this.path} is not a training run: it has no run.json. Give the folder that "mars train --out" wrote.`,
      );
    }
    return { ...description, config: parseConfig(description.config) };
  }

  /** Errors: `RUN_INVALID` where no folder can be. */
  async create(): Promise<void> {
    try {
      await mkdir(this.path, { recursive: true });
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      throw code === 'EEXIST' || code === 'ENOTDIR'
        ? this.#isFile(cause)
        : new MarsError(
            'RUN_INVALID',
            `The folder ${this.path} cannot be made (${code}). Check the permissions, or give another --out.`,
            { cause },
          );
    }
  }

  /** Where the training stands; undefined before the end of its first epoch. Errors: `RUN_INVALID` when damaged. */
  async checkpoint(): Promise<Checkpoint | undefined> {
    const bytes = await this.#read('checkpoint.safetensors');
    if (!bytes) return undefined;
    const tensors = this.#decode(bytes);
    const vectors: Record<string, Float32Array> = {};
    for (const [name, { data }] of tensors) {
      if (name.startsWith('state.')) vectors[name.slice('state.'.length)] = data;
    }
    const [epoch, step] = tensors.get('position')!.data;
    const projection = tensors.get('normaliser.projection')?.data;
    const normaliser = {
      mean: tensors.get('normaliser.mean')!.data,
      std: tensors.get('normaliser.std')!.data,
      ...(projection && { projection }),
    };
    const labelMeans = tensors.get('labelMeans')?.data;
    const best = tensors.get('best.position')?.data;
    return {
      epoch,
      state: { step, vectors },
      normaliser,
      ...(labelMeans && { labelMeans }),
      ...(best && {
        best: {
          epoch: best[0],
          validationUar: best[1],
          weights: {
            parameters: tensors.get('best.parameters')!.data,
            buffers: tensors.get('best.buffers')!.data,
          },
        },
      }),
    };
  }

  async saveCheckpoint({ epoch, state, normaliser, labelMeans, best }: Checkpoint): Promise<void> {
    const tensors = new Map<string, StoredTensor>([
      ['position', vector(Float32Array.of(epoch, state.step))],
      ['normaliser.mean', vector(normaliser.mean)],
      ['normaliser.std', vector(normaliser.std)],
    ]);
    if (normaliser.projection) tensors.set('normaliser.projection', vector(normaliser.projection));
    for (const [name, data] of Object.entries(state.vectors)) tensors.set(`state.${name}`, vector(data));
    if (labelMeans) tensors.set('labelMeans', vector(labelMeans));
    if (best) {
      tensors.set('best.position', vector(Float32Array.of(best.epoch, best.validationUar)));
      tensors.set('best.parameters', vector(best.weights.parameters));
      tensors.set('best.buffers', vector(best.weights.buffers));
    }
    await this.#replace('checkpoint.safetensors', encodeSafetensors(tensors));
  }

  async history(): Promise<EpochRecord[]> {
    return this.readLines<EpochRecord>('history.jsonl');
  }

  async appendHistory(record: EpochRecord): Promise<void> {
    await appendFile(join(this.path, 'history.jsonl'), `${JSON.stringify(record)}\n`);
  }

  /** Forgets epochs that were recorded after the checkpoint: they will be done again. */
  async trimHistory(epoch: number): Promise<void> {
    const kept = (await this.history()).filter((record) => record.epoch <= epoch);
    await this.writeLines('history.jsonl', kept);
  }

  async writeJson(name: string, value: unknown): Promise<void> {
    await this.#replace(name, `${JSON.stringify(value, null, 1)}\n`);
  }

  async has(name: string): Promise<boolean> {
    return (await this.#read(name)) !== undefined;
  }

  async readJson<T>(name: string): Promise<T | undefined> {
    const bytes = await this.#read(name);
    return bytes && (JSON.parse(bytes.toString()) as T);
  }

  /** The objects of a file of one JSON object per line, a last line that was cut off left out; none where there is no file. */
  async readLines<T>(name: string): Promise<T[]> {
    const text = (await this.#read(name))?.toString() ?? '';
    return text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as T);
  }

  async writeLines(name: string, rows: readonly unknown[]): Promise<void> {
    await this.#replace(name, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  }

  async writeBytes(name: string, bytes: Uint8Array): Promise<void> {
    await this.#replace(name, bytes);
  }

  async #read(name: string): Promise<Buffer<ArrayBuffer> | undefined> {
    try {
      return await readFile(join(this.path, name));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return undefined;
      throw code === 'ENOTDIR' ? this.#isFile(error) : error;
    }
  }

  #decode(bytes: Uint8Array<ArrayBuffer>): Map<string, StoredTensor> {
    try {
      return decodeSafetensors(bytes);
    } catch (cause) {
      throw new MarsError(
        'RUN_INVALID',
        `The checkpoint in ${this.path} is damaged: ${(cause as Error).message} Delete the folder to train it anew.`,
        { cause },
      );
    }
  }

  #isFile(cause: unknown): MarsError {
    return new MarsError(
      'RUN_INVALID',
      `${this.path} is a file, or lies below one; the folder of a run was expected. Give another.`,
      { cause },
    );
  }

  async #replace(name: string, content: string | Uint8Array): Promise<void> {
    // A name of its own: another process may be reading the same run, and sum it up in the same moment.
    const temporary = join(this.path, `${name}.${randomUUID()}.tmp`);
    try {
      await writeFile(temporary, content, { flush: true });
      await rename(temporary, join(this.path, name));
    } finally {
      await rm(temporary, { force: true });
    }
  }
}

/** All of a description that makes it this training and no other. */
function identity(description: RunDescription): unknown {
  return JSON.parse(JSON.stringify({ ...description, threads: undefined }));
}

function vector(data: Float32Array): StoredTensor {
  return { data, shape: [data.length] };
}
