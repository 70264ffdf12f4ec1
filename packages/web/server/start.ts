/**
 * Builds the page where it is not there or older than its sources, and serves it with the API: what follows is "mars serve".
 *
 *   npm start
 *   npm start -- --port 9000
 *   npm start -- --host 0.0.0.0     to other machines too, which need a key; they get no microphone without HTTPS
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { buildSite, isFresh, PACKAGE } from './site.ts';

const site = join(PACKAGE, 'dist');
if (!(await isFresh(site))) {
  console.log('Building the page …');
  await buildSite(site);
}
const command = join(PACKAGE, '../cli/bin/mars.js');
const mars = spawn(process.execPath, [command, 'serve', '--page', site, ...process.argv.slice(2)], {
  stdio: 'inherit',
});
// A terminal's Ctrl+C reaches both: heard here, it leaves the end to the service.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => mars.kill('SIGTERM'));
mars.on('exit', (status) => (process.exitCode = status ?? 1));
