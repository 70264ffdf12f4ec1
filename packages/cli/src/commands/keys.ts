import { MarsError } from '@mars/core';
import type { KeyStore } from '@mars/service';
import { type Command, Option } from 'commander';
import { print } from '../output/print.ts';

interface KeysFlags {
  keys?: string;
  json?: boolean;
}

/** The option that says where the keys are. */
export function keyFileOption(): Option {
  return new Option('--keys <file>', 'the file of keys (of which it holds hashes only)');
}

/** Adds `mars keys`. */
export function addKeys(program: Command): void {
  const keys = program
    .command('keys')
    .summary('make, list and revoke the keys of "mars serve"')
    .description(
      'Makes, lists and revokes the keys with which others may ask "mars serve". A service that runs takes note of it.',
    )
    .addHelpText(
      'after',
      `
Examples:
  mars keys create "my assistant"                  prints the key, once: only its hash is kept
  mars keys list
  mars keys revoke mars_Ab3-_x9Z                  by the beginning of the key, as it is listed, or by its name
  curl -H "Authorization: Bearer $KEY" -F file=@clip.wav https://mars.example.org/v1/classify

The file is MARS_KEYS, or keys.json where the system keeps a user's settings.`,
    );
  keys
    .command('create')
    .argument('<name>', 'whose key it is')
    .description('make a key')
    .addOption(keyFileOption())
    .action(create);
  keys
    .command('list')
    .description('the keys that are valid')
    .addOption(keyFileOption())
    .option('--json', 'one JSON object per line and key')
    .action(list);
  keys
    .command('revoke')
    .argument('<id|name>', 'the beginning of the key, as it is listed, or its name')
    .description('let a key open nothing more')
    .addOption(keyFileOption())
    .action(revoke);
}

async function create(name: string, flags: KeysFlags): Promise<void> {
  const store = await keyStore(flags);
  const { key, stored } = await store.create(name);
  await print(key);
  console.error(
    `mars: ${stored.id}… is in ${store.file}. The key itself is kept nowhere: this is the only time it is shown.`,
  );
}

async function list(flags: KeysFlags): Promise<void> {
  for (const { id, name, createdAt } of await (await keyStore(flags)).list()) {
    await print(
      flags.json ? JSON.stringify({ id, name, createdAt }) : `${id}…  ${createdAt.slice(0, 10)}  ${name}`,
    );
  }
}

async function revoke(idOrName: string, flags: KeysFlags): Promise<void> {
  const store = await keyStore(flags);
  const revoked = await store.revoke(idOrName);
  if (revoked.length === 0) {
    throw new MarsError(
      'NO_INPUT',
      `No key in ${store.file} is called ${idOrName}. "mars keys list" shows them.`,
    );
  }
  for (const { id, name } of revoked) console.error(`mars: revoked ${id}…  ${name}`);
}

/** The server's libraries are not loaded before they are needed. */
async function keyStore({ keys }: KeysFlags): Promise<KeyStore> {
  const { defaultKeyFile, KeyStore } = await import('@mars/service');
  return new KeyStore(keys ?? defaultKeyFile());
}
