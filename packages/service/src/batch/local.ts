import { missingShards, tidyUp, type Manifest } from './manifest.ts';
import { runShard, type ShardOptions } from './shard-runner.ts';

/**
 * Does what is left of a batch, in this process. Two of them at one folder do some work twice, and no harm.
 *
 * @throws as {@link runShard}
 *
 * @example
 * await runLocally({ folder: 'out', manifest, classify: hearWith(pool, manifest) });
 */
export async function runLocally(options: ShardOptions & { readonly manifest: Manifest }): Promise<void> {
  const { folder, manifest } = options;
  for (const shard of await missingShards(folder, manifest)) await runShard(shard, options);
  await tidyUp(folder);
}
