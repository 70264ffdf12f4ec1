import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERROR_CODES } from '@mars/core';
import { expect, test } from 'vitest';
import { createProgram } from '../packages/cli/src/program.ts';
import { SECURITY_HEADERS } from '../packages/service/src/http/page-policy.ts';

/** What is deployed has names of ours in it, of which no compiler hears when they change. */
const read = (path: string) => readFileSync(join(import.meta.dirname, '..', path), 'utf8');

test('a page of static files has the headers of the service', () => {
  const added = read('deploy/nginx-page.conf').matchAll(/^\s+add_header (\S+) "(.*)" always;$/gm);
  expect(Object.fromEntries([...added].map(([, name, value]) => [name, value]))).toEqual(SECURITY_HEADERS);
});

test('what nginx refuses has codes of ours', () => {
  const codes = [...read('deploy/nginx.conf').matchAll(/"code":"(\w+)"/g)].map(([, code]) => code);
  expect(codes).toHaveLength(2);
  expect(Object.keys(ERROR_CODES)).toEqual(expect.arrayContaining(codes));
});

test.each([
  ['deploy/mars.service', /^ExecStart=\S+mars (.*)$/m],
  ['deploy/mars-batch@.service', /^ExecStart=\S+mars (.*)$/m],
  ['deploy/compose.yaml', /command: \[(serve, .*)\]/],
  ['deploy/compose.yaml', /command: \[(batch, work.*)\]/],
  ['deploy/Dockerfile', /^CMD \[("serve".*)\]$/m],
])('%s runs a command that there is, %s', (file, command) => {
  const words = command
    .exec(read(file))![1]
    .split(/[\s,"']+/)
    .filter((word) => word !== '');
  let found = createProgram();
  for (const name of words) found = found.commands.find((each) => each.name() === name) ?? found;
  expect(['serve', 'work']).toContain(found.name());
  const flags = words.filter((word) => word.startsWith('--'));
  expect(found.options.map(({ long }) => long)).toEqual(expect.arrayContaining(flags));
});

test('the metrics that the document watches are there', () => {
  const source = read('packages/service/src/http/metrics.ts');
  const watched = new Set(read('docs/deploy.md').match(/\bmars_(?!batch)[a-z_]+[a-z]\b/g));
  expect(watched.size).toBeGreaterThanOrEqual(8);
  for (const metric of watched) expect(source, metric).toContain(`'${metric}`);
});
