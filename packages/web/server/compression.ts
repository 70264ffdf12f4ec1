import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { filesIn } from './folder.ts';

/** These are compressed already. */
const DENSE = new Set(['.br', '.gz', '.flac', '.mp3', '.ogg', '.opus', '.png']);

/** Where a compressed file is kept by what it is made of: ONNX Runtime's WebAssembly costs a minute at the highest quality. */
const CACHE = join(import.meta.dirname, '../../../.cache/compressed');

export interface CompressionOptions {
  /**
   * Brotli's, up to 11. Default 5, but 10 for WebAssembly, without which the page would not stay under 7 MB: ONNX Runtime's
   * 14.2 MB become 2.4 MB in 10 s, where 5 makes 2.9 MB in 0.3 s, 9 makes 2.7 MB in 1.4 s and 11 makes 2.3 MB in 22 s.
   */
  readonly quality?: number;
  readonly cache?: string;
}

/** Writes a `.br` and a `.gz` beside each file of a folder that becomes smaller by it. */
export async function compressFolder(
  folder: string,
  { quality: wanted, cache = CACHE }: CompressionOptions = {},
): Promise<void> {
  await mkdir(cache, { recursive: true });
  const names = (await filesIn(folder)).filter((name) => !DENSE.has(extname(name)));
  await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      const quality = wanted ?? (extname(name) === '.wasm' ? 10 : 5);
      const content = await readFile(path);
      const hash = createHash('sha256').update(content).digest('hex').slice(0, 32);
      await kept(join(cache, `${hash}-${quality}.br`), `${path}.br`, content, () => brotli(content, quality));
      await kept(join(cache, `${hash}.gz`), `${path}.gz`, content, () =>
        promisify(gzip)(content, { level: 9 }),
      );
    }),
  );
}

function brotli(content: Uint8Array, quality: number): Promise<Uint8Array> {
  return promisify(brotliCompress)(content, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: quality,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    },
  });
}

/** Copies what is kept, made first where it is not yet. */
async function kept(
  path: string,
  destination: string,
  content: Uint8Array,
  make: () => Promise<Uint8Array>,
): Promise<void> {
  const compressed = await readFile(path).catch(async () => {
    const made = await make();
    // Under another name first: whoever reads it at the same time gets a whole one or none.
    const unfinished = `${path}.${process.pid}-${Math.random().toString(36).slice(2)}`;
    await writeFile(unfinished, made);
    await rename(unfinished, path);
    return made;
  });
  if (compressed.length < content.length) await copyFile(path, destination);
}
