import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// What the tests start, threads and processes by the hundred, reads TypeScript by a compiler in WebAssembly that takes each
// half a second to begin with; and V8 dies now and then when a thread gives its WebAssembly back (nodejs/node issue 64500).
// What is compiled already needs none.
process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'node-compile-cache');

export default defineConfig({
  test: {
    include: ['packages/*/{src,test}/**/*.test.ts', 'test/**/*.test.ts', 'examples/*/*.test.ts'],
    // Two cores are the smallest machine we promise to pass on.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
