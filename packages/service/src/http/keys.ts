import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { MarsError } from '@mars/core';
import { z } from 'zod';

/** What is kept of an API key: enough to know it again, too little to make it. */
const storedKey = z.strictObject({
  /** The first letters of the key, by which it is listed, logged and revoked. */
  id: z.string().regex(/^mars_[\w-]{8}$/),
  name: z.string(),
  /** SHA-256 of the whole key, hexadecimal. Keys are random numbers of 192 bits: no salt makes them harder to guess. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  createdAt: z.iso.datetime(),
});
const storedKeys = z.strictObject({ version: z.literal(1), keys: z.array(storedKey) });

export type StoredKey = z.infer<typeof storedKey>;

/** A key is `mars_` and 24 random bytes in base64url, 32 letters. */
const KEY = /^mars_[\w-]{32}$/;
const ID_LENGTH = 'mars_'.length + 8;

/** Where the keys are unless something else is said: MARS_KEYS, or keys.json where the system keeps a user's settings. */
export function defaultKeyFile(env: NodeJS.ProcessEnv = process.env): string {
  const { MARS_KEYS, XDG_CONFIG_HOME } = env;
  return MARS_KEYS || join(XDG_CONFIG_HOME || join(homedir(), '.config'), 'mars', 'keys.json');
}

/**
 * The API keys of a file, which only its owner can read. The file is read again whenever it has changed: a key that was
 * revoked opens nothing from then on.
 *
 * @example
 * const keys = new KeyStore('/etc/mars/keys.json');
 * const { key } = await keys.create('my assistant'); // shown once: only its hash is kept
 * (await keys.find(key))?.name; // 'my assistant'
 */
export class KeyStore {
  readonly file: string;
  #known: { readonly version: string; readonly keys: readonly StoredKey[] } | undefined;

  constructor(file: string) {
    this.file = file;
  }

  /**
   * The keys that are valid now, oldest first; none where there is no file.
   *
   * @throws MarsError `KEYS_INVALID` when the file cannot be read, is no list of keys, or may be read by others
   */
  async list(): Promise<readonly StoredKey[]> {
    const status = await stat(this.file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw unusable(this.file, error.message, error);
    });
    if (status === undefined) return [];
    const version = `${status.ino} ${status.size} ${status.mtimeMs}`;
    if (this.#known?.version !== version) {
      if (process.platform !== 'win32' && (status.mode & 0o077) !== 0) {
        throw unusable(this.file, 'others than its owner may read it; "chmod 600" makes it private');
      }
      this.#known = { version, keys: await this.#read() };
    }
    return this.#known.keys;
  }

  /** Makes a key. It is in the result and nowhere else: whoever loses it needs another one. */
  async create(name: string): Promise<{ readonly key: string; readonly stored: StoredKey }> {
    const key = `mars_${randomBytes(24).toString('base64url')}`;
    const stored = {
      id: key.slice(0, ID_LENGTH),
      name,
      hash: sha256(key).toString('hex'),
      createdAt: new Date().toISOString(),
    };
    await this.#change((keys) => [...keys, stored]);
    return { key, stored };
  }

  /** Revokes the key with this id, or all of this name; returns those that were revoked. */
  async revoke(idOrName: string): Promise<readonly StoredKey[]> {
    const isMeant = ({ id, name }: StoredKey) => id === idOrName || name === idOrName;
    let revoked: readonly StoredKey[] = [];
    await this.#change((keys) => {
      revoked = keys.filter(isMeant);
      return keys.filter((key) => !isMeant(key));
    });
    return revoked;
  }

  /** What is stored of a key; undefined for one that is not valid. How long it takes does not tell how near it came. */
  async find(key: string): Promise<StoredKey | undefined> {
    const keys = await this.list();
    if (!KEY.test(key)) return undefined;
    const hash = sha256(key);
    let found: StoredKey | undefined;
    for (const stored of keys) {
      if (timingSafeEqual(Buffer.from(stored.hash, 'hex'), hash)) found = stored;
    }
    return found;
  }

  async #read(): Promise<readonly StoredKey[]> {
    let text: string;
    try {
      text = await readFile(this.file, 'utf8');
    } catch (error) {
      throw unusable(this.file, (error as Error).message, error);
    }
    try {
      return storedKeys.parse(JSON.parse(text)).keys;
    } catch (error) {
      throw unusable(this.file, 'it is no list of keys that "mars keys" has written', error);
    }
  }

  async #change(change: (keys: readonly StoredKey[]) => readonly StoredKey[]): Promise<void> {
    await mkdir(dirname(this.file), { recursive: true, mode: 0o700 });
    await using _lock = await locked(`${this.file}.lock`);
    const keys = change(await this.list());
    // Under another name first: whoever reads it at the same time gets a whole file.
    const unfinished = `${this.file}.new`;
    await rm(unfinished, { force: true });
    {
      await using file = await open(unfinished, 'wx', 0o600);
      await file.writeFile(`${JSON.stringify({ version: 1, keys }, null, 2)}\n`);
      await file.sync();
    }
    await rename(unfinished, this.file);
  }
}

/** Longer than any change takes: whoever holds a lock for so long has died. */
const LOCK_MS = 5000;

/** Making a file that must not be there yet succeeds for one only. */
async function locked(file: string): Promise<AsyncDisposable> {
  for (;;) {
    try {
      await (await open(file, 'wx', 0o600)).close();
      return { [Symbol.asyncDispose]: () => rm(file, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw unusable(file, (error as Error).message, error);
      }
      const made = await stat(file).catch(() => undefined);
      if (made !== undefined && Date.now() - made.mtimeMs > LOCK_MS) await rm(file, { force: true });
      else await setTimeout(20);
    }
  }
}

function sha256(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

function unusable(file: string, reason: string, cause?: unknown): MarsError {
  return new MarsError('KEYS_INVALID', `The file of keys ${file} cannot be used: ${reason}.`, { cause });
}
