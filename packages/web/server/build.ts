/**
 * Builds the page into packages/web/dist, for any static host. Compressed as well as can be, which takes a minute or two
 * the first time; what was compressed once is kept in .cache.
 *
 *   npm run build
 */
import { join, relative } from 'node:path';
import { stat } from 'node:fs/promises';
import { filesIn } from './folder.ts';
import { buildSite, PACKAGE } from './site.ts';

const site = join(PACKAGE, 'dist');
await buildSite(site, { quality: 11 });

const sizes = await Promise.all(
  (await filesIn(site)).map(async (name) => ({ name, bytes: (await stat(join(site, name))).size })),
);
const MB = (bytes: number) => `${(bytes / 1e6).toFixed(2)} MB`;
const compressed = new Map(
  sizes.filter(({ name }) => name.endsWith('.br')).map(({ name, bytes }) => [name, bytes]),
);
const plain = sizes.filter(({ name }) => !/\.(?:br|gz)$/.test(name));
const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
console.log(
  `${relative(process.cwd(), site)}: ${plain.length} files, ${MB(sum(plain.map(({ bytes }) => bytes)))}, ` +
    `${MB(sum(plain.map(({ name, bytes }) => compressed.get(`${name}.br`) ?? bytes)))} over the wire with Brotli`,
);
