/**
 * Serves the page to this machine, built first where it is not there or older than its sources.
 *
 *   npm start
 *   npm start -- --port 9000
 *   npm start -- --host 0.0.0.0     to other machines too; they get no microphone without HTTPS
 */
import { join } from 'node:path';
import { isIP } from 'node:net';
import { parseArgs } from 'node:util';
import { listen } from './listening.ts';
import { buildSite, isFresh, PACKAGE } from './site.ts';
import { staticFiles } from './static-server.ts';

const USAGE = 'npm start -- [--port NUMBER] [--host ADDRESS]';

function readOptions(): { port: number; host: string } {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '8321' },
      host: { type: 'string', default: '127.0.0.1' },
    },
  });
  const port = Number(values.port);
  if (!/^\d+$/.test(values.port) || port > 65_535) {
    throw new Error(
      `--port came as ${values.port}. Give a number from 1 to 65535, or 0 for any that is free.`,
    );
  }
  return { port, host: values.host };
}

/** Whether a browser on this machine takes what comes from there for safe enough for the microphone. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

async function start(): Promise<void> {
  const { port, host } = readOptions();
  const site = join(PACKAGE, 'dist');
  if (!(await isFresh(site))) {
    console.log('Building the page …');
    await buildSite(site);
  }
  const server = await listen(staticFiles(site), {
    host,
    port,
    onTaken: (taken) => console.log(`Port ${taken} is taken; trying ${taken + 1}.`),
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void server[Symbol.asyncDispose]());
  }
  console.log(`\nMARS listens at ${server.url}`);
  console.log(
    isLoopback(host)
      ? 'This machine is a secure context, so the microphone works there. Nothing that it hears leaves the browser.'
      : 'Browsers give the microphone to pages of this machine or of HTTPS only: elsewhere, files work and recording does not.',
  );
  console.log('Ctrl+C stops it.');
}

start().catch((error: NodeJS.ErrnoException) => {
  const explained: Record<string, string> = {
    EADDRINUSE: 'No port is free there. Give another one: npm start -- --port 9000',
    EACCES: 'This port is not yours to listen on. Give one from 1024 on: npm start -- --port 8321',
    EADDRNOTAVAIL: 'This machine has no such address. Leave --host out for this machine alone.',
    ENOTFOUND: 'This machine has no such address. Leave --host out for this machine alone.',
  };
  console.error(
    explained[error.code ?? ''] ??
      (error.code?.startsWith('ERR_PARSE_ARGS') ? `${error.message}\n${USAGE}` : error.message),
  );
  process.exitCode = 1;
});
