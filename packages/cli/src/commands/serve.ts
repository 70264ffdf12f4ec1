import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { MarsError } from '@mars/core';
import type { KeyStore, LogLevel, RunningService, ServeOptions } from '@mars/service';
import { type Command, Option } from 'commander';
import { DEFAULT_MODEL, readModelFile } from '../models.ts';
import { wholeNumber } from '../numbers.ts';
import { print } from '../output/print.ts';
import { keyFileOption } from './keys.ts';

/** Where `npm run build` and `npm start` build the page. */
const PAGE = join(import.meta.dirname, '../../../web/dist');

const LOG_LEVELS = ['info', 'warn', 'error', 'silent'] as const satisfies readonly LogLevel[];

/** Of a service that asks for keys, where nothing else is said. */
const REQUESTS_PER_MINUTE = 1200;

interface ServeFlags {
  host: string;
  port?: number;
  model: string;
  workers: number;
  queue?: number;
  streams?: number;
  keys?: string;
  withoutKeys?: boolean;
  allowOrigin: string[];
  rateLimit?: number;
  maxUpload: number;
  maxAudio: number;
  trustProxy?: boolean;
  page: string | boolean;
  drain: number;
  logLevel: LogLevel;
}

/** Adds `mars serve`. */
export function addServe(program: Command): void {
  program
    .command('serve')
    .summary('serve the page and the API on one port')
    .description(
      'Serves the page and the API (HTTP and WebSocket) on one port, to this machine unless --host says more.\n' +
        'Recordings are held in memory while they are heard, and never written to disk.',
    )
    .option('--host <address>', 'where to listen', '127.0.0.1')
    .addOption(
      new Option('--port <number>', 'the port; 0 for any')
        .default(undefined, '8321, or the next one that is free')
        .argParser(wholeNumber(0, 65_535)),
    )
    .option(
      '-m, --model <name|path>',
      'a shipped model, a .onnx file, or a folder with a model.onnx',
      DEFAULT_MODEL,
    )
    .addOption(
      new Option('--workers <n>', 'recognisers that work side by side, a thread each')
        .default(availableParallelism(), 'one for each core')
        .argParser(wholeNumber(1, 256)),
    )
    .addOption(
      new Option('--queue <n>', 'recordings that may wait (default: 4 for each worker)').argParser(
        wholeNumber(0),
      ),
    )
    .addOption(
      new Option('--streams <n>', 'live sessions that may be open (default: 50 for each worker)').argParser(
        wholeNumber(0),
      ),
    )
    .addOption(keyFileOption())
    .option('--without-keys', 'let anybody ask who reaches --host')
    .option(
      '--allow-origin <origin...>',
      'pages from elsewhere that may ask, such as https://example.org',
      [],
    )
    .addOption(
      new Option(
        '--rate-limit <n>',
        `requests a minute of each key or address, 0 for any (default: ${REQUESTS_PER_MINUTE} with keys)`,
      ).argParser(wholeNumber(0)),
    )
    .addOption(
      new Option('--max-upload <MB>', 'of a recording as it is sent')
        .default(25)
        .argParser(wholeNumber(1, 2000)),
    )
    .addOption(
      new Option('--max-audio <seconds>', 'of a recording when it is decoded')
        .default(600)
        .argParser(wholeNumber(1)),
    )
    .option('--trust-proxy', 'take the address of callers from X-Forwarded-For')
    .addOption(
      new Option('--page <folder>', 'the built page').default(true, 'what "npm run build" has built'),
    )
    .option('--no-page', 'the API alone')
    .addOption(
      new Option('--drain <seconds>', 'how long requests may last once it is stopped')
        .default(30)
        .argParser(wholeNumber(0)),
    )
    .addOption(
      new Option('--log-level <level>', 'what is logged to stderr, a JSON object per line')
        .choices(LOG_LEVELS)
        .default(process.stderr.isTTY ? 'warn' : 'info', '"info", in a terminal "warn"'),
    )
    .addHelpText(
      'after',
      `
Examples:
  mars serve                                      page and API for this machine
  mars keys create "my assistant" && mars serve --host 0.0.0.0
  mars serve --keys /etc/mars/keys.json           keys even on this machine, as behind a proxy
  curl -F file=@clip.wav http://127.0.0.1:8321/v1/classify

Keys are asked for with --keys, with MARS_KEYS, and wherever other machines reach --host. The API is described at /docs.
SIGTERM or Ctrl-C stops it when what it has taken is answered; a second one at once.`,
    )
    .action(serveUntilStopped);
}

async function serveUntilStopped(flags: ServeFlags): Promise<void> {
  // Not before it is needed: the other commands start without a server's libraries.
  const { isLoopback, openPool, stopOnSignal } = await import('@mars/service');
  const { host, port, queue, streams } = flags;
  const keys = await keyStore(flags);
  const page = await pageFolder(flags.page);
  const origins = flags.allowOrigin.map(checkedOrigin);
  const uploadBytes = flags.maxUpload * 1e6;
  await using pool = await openPool({
    model: await readModelFile(flags.model),
    size: flags.workers,
    maxDurationSec: flags.maxAudio,
    maxQueued: queue,
    maxStreams: streams,
  });
  const service = await listening({
    pool,
    host,
    port,
    // Who names a port tells others of it.
    tries: port === undefined ? undefined : 0,
    onTaken: (taken) => console.error(`Port ${taken} is taken; trying ${taken + 1}.`),
    page,
    keys,
    withoutKeys: flags.withoutKeys ?? false,
    origins,
    limits: {
      uploadBytes,
      uploadBytesTogether: 16 * uploadBytes,
      audioSec: flags.maxAudio,
      requestsPerMinute: flags.rateLimit ?? (keys === undefined ? 0 : REQUESTS_PER_MINUTE),
    },
    trustProxy: flags.trustProxy ?? false,
    drainMs: flags.drain * 1000,
    log: { level: flags.logLevel },
  });
  const stopped = stopOnSignal(() => service.stop());
  await print(`MARS listens at ${service.url}`);
  console.error(
    isLoopback(host)
      ? 'This machine is a secure context, so the microphone works there. Nothing that the page hears leaves the browser.'
      : 'Browsers give the microphone to pages of this machine or of HTTPS only: elsewhere, files work and recording does not.',
  );
  console.error(`The API is described at ${service.url}docs. Ctrl+C stops it.`);
  await stopped;
}

/** Beyond this machine keys are asked for, unless somebody wants it otherwise; for this machine where they are named. */
async function keyStore({ keys, withoutKeys, host }: ServeFlags): Promise<KeyStore | undefined> {
  const { defaultKeyFile, isLoopback, KeyStore } = await import('@mars/service');
  if (withoutKeys) return undefined;
  const file = keys ?? (process.env['MARS_KEYS'] || (isLoopback(host) ? undefined : defaultKeyFile()));
  return file === undefined ? undefined : new KeyStore(file);
}

/** The folder of the page; undefined where none is wanted, or none was built and none was named. */
async function pageFolder(page: string | boolean): Promise<string | undefined> {
  if (page === false) return undefined;
  const folder = page === true ? PAGE : page;
  const isBuilt = await stat(join(folder, 'index.html')).then(
    (status) => status.isFile(),
    () => false,
  );
  if (isBuilt) return folder;
  if (page === true) {
    console.error('The page is not built ("npm run build" builds it): this is the API alone.');
    return undefined;
  }
  throw new MarsError(
    'FILE_NOT_FOUND',
    `There is no index.html in ${folder}. "npm run build" builds the page.`,
  );
}

function checkedOrigin(origin: string): string {
  if (origin === '*' || (URL.canParse(origin) && new URL(origin).origin === origin)) return origin;
  throw new MarsError(
    'CONFIG_INVALID',
    `--allow-origin came as ${origin}. Give a page's scheme, host and port, such as https://example.org.`,
  );
}

const EXPLAINED: Readonly<Record<string, string>> = {
  EADDRINUSE: 'The port is taken. Free it, or give another one, such as --port 9000; 0 takes any.',
  EACCES: 'This port is not yours to listen on. Give one from 1024 on, such as --port 8321.',
  EADDRNOTAVAIL: 'This machine has no such address. Leave --host out for this machine alone.',
  ENOTFOUND: 'This machine has no such address. Leave --host out for this machine alone.',
};

async function listening(options: ServeOptions): Promise<RunningService> {
  const { serve } = await import('@mars/service');
  try {
    return await serve(options);
  } catch (error) {
    const explained = EXPLAINED[(error as NodeJS.ErrnoException).code ?? ''];
    if (explained === undefined) throw error;
    throw new MarsError('CONFIG_INVALID', explained, { cause: error });
  }
}
