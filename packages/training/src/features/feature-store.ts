import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from './safetensors.ts';

const PACK = '.safetensors';

/**
 * Tensors by name in one folder, in packs that are each written once: a pack is either complete or not there. Whoever
 * is killed loses the pack not yet written, and two processes in one folder do no harm: packs never change, and the
 * same name stands for the same numbers.
 */
export class FeatureStore {
  private readonly folder: string;
  private readonly tensors: Map<string, StoredTensor>;
  private readonly unwritten = new Map<string, StoredTensor>();

  private constructor(folder: string, tensors: Map<string, StoredTensor>) {
    this.folder = folder;
    this.tensors = tensors;
  }

  /** Loads every pack of the folder; a damaged one is deleted, its tensors are then simply missing. */
  static async open(folder: string): Promise<FeatureStore> {
    await mkdir(folder, { recursive: true });
    const tensors = new Map<string, StoredTensor>();
    for (const name of (await readdir(folder)).filter((name) => name.endsWith(PACK)).sort()) {
      const file = join(folder, name);
      try {
        for (const [key, tensor] of decodeSafetensors(await readFile(file))) tensors.set(key, tensor);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        await rm(file, { force: true });
      }
    }
    return new FeatureStore(folder, tensors);
  }

  get(name: string): StoredTensor | undefined {
    return this.tensors.get(name);
  }

  /** Number of tensors that `flush` would write. */
  get pending(): number {
    return this.unwritten.size;
  }

  /** Keeps a tensor in memory until the next `flush`. */
  add(name: string, tensor: StoredTensor): void {
    this.tensors.set(name, tensor);
    this.unwritten.set(name, tensor);
  }

  /** Writes what was added since the last flush as one pack. */
  async flush(): Promise<void> {
    if (this.unwritten.size === 0) return;
    const bytes = encodeSafetensors(this.unwritten);
    const name = createHash('sha256')
      .update([...this.unwritten.keys()].join('\n'))
      .digest('hex')
      .slice(0, 16);
    this.unwritten.clear();
    const temporary = join(this.folder, `${randomUUID()}.tmp`);
    try {
      await writeFile(temporary, bytes, { flush: true });
      await rename(temporary, join(this.folder, name + PACK));
    } finally {
      await rm(temporary, { force: true });
    }
  }
}
