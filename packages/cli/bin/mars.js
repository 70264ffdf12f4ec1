#!/usr/bin/env node
// Plain JavaScript, so that a Node too old to read TypeScript can still say what is needed.
import module from 'node:module';

if (process.features.typescript) {
  // Node keeps what it has compiled (in the system's temporary folder): the next start takes half the time.
  module.enableCompileCache();
  await import('../src/mars.ts');
} else {
  console.error(
    `mars: Node ${process.versions.node} cannot run MARS, which needs 22.18 or later.\n` +
      'Inside the repository, "npx mars" finds the Node 24 that "npm ci" has installed.',
  );
  process.exitCode = 2;
}
