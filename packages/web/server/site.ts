import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build, type Plugin } from 'vite';
import { compressFolder } from './compression.ts';
import { filesIn } from './folder.ts';
import { STAMP, writeServiceWorker } from './precache.ts';
import { CONTENT_SECURITY_POLICY } from '@mars/service/site';

export const PACKAGE = join(import.meta.dirname, '..');
const ROOT = join(PACKAGE, '../..');

/** All that the page is made of, from the root of the repository. */
const SOURCES = [
  'package-lock.json',
  'models/flagship',
  'packages/core/assets',
  'packages/core/src',
  'packages/service/src/http/page-policy.ts',
  'packages/web/index.html',
  'packages/web/public',
  'packages/web/server',
  'packages/web/src',
  'packages/web/vite.config.ts',
  'samples',
];

/** 2.9 MB compressed, for an enhancement of Opus that the library never asks for. */
const NEVER_LOADED = ['@wasm-audio-decoders/opus-ml'];

/** What the library does when it is loaded is of use to nobody who takes nothing from it: the page itself needs no ONNX Runtime. */
const CORE = join(ROOT, 'packages/core/src');

const OUTPUT = {
  external: NEVER_LOADED,
  checks: { pluginTimings: false },
  treeshake: { moduleSideEffects: (id: string) => !id.startsWith(CORE) },
};

export interface SiteOptions {
  /** Of the compressed files beside the plain ones; `compressFolder` says what it costs, and what it is by default. */
  readonly quality?: number;
}

/**
 * Builds the page into a folder, for any static host and any base path: its files, those compressed beside them, and the
 * service worker that keeps them for when there is no network. The folder is there whole or not at all.
 */
export async function buildSite(folder: string, options: SiteOptions = {}): Promise<void> {
  const stamp = await fingerprint();
  const unfinished = `${folder}.${process.pid}`;
  try {
    await build({
      root: PACKAGE,
      base: './',
      logLevel: 'warn',
      plugins: [securityPolicy()],
      build: { outDir: unfinished, emptyOutDir: true, rolldownOptions: OUTPUT },
      worker: { rolldownOptions: OUTPUT },
    });
    await writeServiceWorker(unfinished);
    await compressFolder(unfinished, options);
    await writeFile(join(unfinished, STAMP), stamp);
    await mkdir(dirname(folder), { recursive: true });
    await rm(folder, { recursive: true, force: true });
    await rename(unfinished, folder);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** Whether the folder holds a page that was built of the sources as they are now. */
export async function isFresh(folder: string): Promise<boolean> {
  const stamp = await readFile(join(folder, STAMP), 'utf8').catch(() => undefined);
  return stamp !== undefined && stamp === (await fingerprint());
}

/** Changes with every source: with its name, its size and the time it was written. */
export async function fingerprint(): Promise<string> {
  const hash = createHash('sha256');
  for (const source of SOURCES) {
    const path = join(ROOT, source);
    if (!existsSync(path)) continue;
    const files = (await stat(path)).isFile()
      ? [path]
      : (await filesIn(path)).map((name) => join(path, name));
    for (const file of files.filter((name) => !name.endsWith('.test.ts'))) {
      const { size, mtimeMs } = await stat(file);
      hash.update(`${file} ${size} ${mtimeMs}\n`);
    }
  }
  return hash.digest('hex').slice(0, 16);
}

/** The policy within the page itself: where a host sends no headers of ours, it holds there too. */
function securityPolicy(): Plugin {
  return {
    name: 'mars:security-policy',
    transformIndexHtml: () => [
      {
        tag: 'meta',
        attrs: { 'http-equiv': 'content-security-policy', content: CONTENT_SECURITY_POLICY },
        injectTo: 'head-prepend',
      },
    ],
  };
}
