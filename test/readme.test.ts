import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const examples = [...readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/```ts\n(.*?)```/gs)].map(
  ([, code]) => code,
);

test.each(examples.map((code) => [code.trim().split('\n').at(-1)!, code]))(
  'the README’s example … %s',
  async (_, code) => {
    // Run where a reader would: from the root of the repository.
    const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', code], { cwd: ROOT });
    const [output, errors, [status]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'exit'),
    ]);
    expect(errors).toBe('');
    expect(status).toBe(0);
    expect(output).toMatch(/neutral|calm|happy|sad|angry|fearful|disgust|surprised/);
  },
);

test('there are examples', () => {
  expect(examples.length).toBeGreaterThanOrEqual(4);
});
