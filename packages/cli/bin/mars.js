#!/usr/bin/env node
// Plain JavaScript, so that a Node too old to read TypeScript can still say what is needed.
import module from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

if (process.features.typescript) {
  // Node keeps what it has compiled: the next start takes half the time, and the threads and processes that are started
  // from here, who find it in their environment, a quarter.
  process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'node-compile-cache');
  module.enableCompileCache();
  await import('../src/mars.ts');
} else {
  console.error(
    `mars: Node ${process.versions.node} cannot run MARS, which needs 22.18 or later.\n` +
      'Inside the repository, "npx mars" finds the Node 24 that "npm ci" has installed.',
  );
  process.exitCode = 2;
}
