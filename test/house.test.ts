import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

/** The lint rule that keeps imports going down, tried on files that break it. */
const ROOT = join(import.meta.dirname, '..');

test.each([
  ['packages/autograd/src/tensor.ts', "import '@mars/core';", 'autograd knows nothing of sound'],
  ['packages/core/src/audio.ts', "import '@mars/autograd';", 'core is on the ground floor'],
  ['packages/core/src/audio.ts', "import 'node:fs';", 'core runs in the browser too'],
  ['packages/training/src/train.ts', "import '@mars/cli';", 'training imports core and autograd only'],
  ['packages/service/src/app.ts', "import '@mars/training';", 'the service imports core only'],
  ['packages/client/src/client.ts', "import '@mars/core';", 'the client stands alone'],
  ['packages/web/src/main.ts', "import '@mars/service';", 'the page imports core only'],
  ['packages/cli/src/mars.ts', "import '@mars/autograd';", 'cli imports service, training and core'],
])('%s may not hold %s', (path, source, message) => {
  expect(lint(path, source)).toContain(message);
});

test.each([
  ['packages/training/src/train.ts', "import '@mars/autograd';\nimport '@mars/core';"],
  ['packages/core/src/onnxruntime.node.ts', "import 'node:fs';"],
  ['packages/service/src/app.ts', "import '@mars/core';"],
  ['packages/cli/src/mars.ts', "import '@mars/service';"],
  ['packages/web/server/site.ts', "import '@mars/service/site';"],
])('%s may hold %j', (path, source) => {
  expect(lint(path, source)).not.toContain('no-restricted-imports');
});

function lint(path: string, source: string): string {
  const house = mkdtempSync(join(tmpdir(), 'mars-house-'));
  try {
    copyFileSync(join(ROOT, '.oxlintrc.json'), join(house, '.oxlintrc.json'));
    symlinkSync(join(ROOT, 'node_modules'), join(house, 'node_modules'));
    mkdirSync(dirname(join(house, path)), { recursive: true });
    writeFileSync(join(house, path), `${source}\n`);
    return execFileSync(join(ROOT, 'node_modules/.bin/oxlint'), [path], { cwd: house, encoding: 'utf8' });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  } finally {
    rmSync(house, { recursive: true });
  }
}
