import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MarsError } from '@mars/core';
import { expect, onTestFinished, test } from 'vitest';
import { TEST_MODEL, timelineOf } from '../../test/batch-fixture.ts';
import { ServiceBusyError, type RecogniserPool } from '../recognition/pool-protocol.ts';
import { hearWith, poolLimits } from './hear.ts';
import { sha256, type Manifest } from './manifest.ts';
import type { BatchOptions } from './options.ts';

const HEARD = timelineOf('1.wav')!;

function manifestWith(options: BatchOptions): Manifest {
  return {
    format: 'mars-batch',
    version: 1,
    id: '00000000-0000-4000-8000-000000000000',
    createdAt: '2026-03-02T00:00:00.000Z',
    inputs: ['x'],
    base: '/calls',
    model: TEST_MODEL,
    options,
    recordings: 1,
    shards: [{ recordings: 1, sha256: '' }],
  };
}

/** What a pool is asked; it answers with one error after the other, and then with a timeline. */
function poolOf(...errors: Error[]): {
  pool: RecogniserPool;
  asked: Parameters<RecogniserPool['classify']>[];
} {
  const asked: Parameters<RecogniserPool['classify']>[] = [];
  const classify: RecogniserPool['classify'] = async (...args) => {
    asked.push(args);
    const error = errors.shift();
    if (error) throw error;
    return HEARD;
  };
  return { pool: { classify } as RecogniserPool, asked };
}

test('a file is for the worker to read, from where the plan begins or from where it is here', async () => {
  const { pool, asked } = poolOf();
  const manifest = manifestWith({ hopSec: 1, channels: 'split', maxDurationSec: 100 });
  expect(await hearWith(pool, manifest)({ file: 'a.wav' }, undefined)).toEqual(HEARD);
  await hearWith(pool, manifest, { base: '/mnt' })({ file: 'a.wav', path: 'day/a.wav' }, undefined);
  expect(asked.map(([audio]) => audio)).toEqual([{ path: '/calls/a.wav' }, { path: '/mnt/day/a.wav' }]);
  expect(asked[0][1]).toMatchObject({ timeline: true, hopSec: 1, channels: 'split', maxDurationSec: 100 });
  expect(asked[0][1]?.deadlineMs).toBeLessThanOrEqual(poolLimits(manifest).deadlineMs);
});

test('of a URL the bytes are fetched', async () => {
  const server = createServer((_, response) => response.end(Buffer.alloc(2000))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.wav`;
  const { pool, asked } = poolOf();
  await hearWith(pool, manifestWith({}))({ file: url }, undefined);
  expect(asked[0][0]).toEqual(Buffer.alloc(2000));
  await expect(
    hearWith(pool, manifestWith({ maxDownloadMb: 0.001 }))({ file: url }, undefined),
  ).rejects.toMatchObject({ code: 'AUDIO_TOO_LONG' });
});

test('a worker that died, perhaps of another recording, is tried once more', async () => {
  const lost = () => new MarsError('WORKER_LOST', 'It died.');
  const { pool, asked } = poolOf(lost());
  await hearWith(pool, manifestWith({}))({ file: 'a.wav' }, undefined);
  expect(asked).toHaveLength(2);
  await expect(
    hearWith(poolOf(lost(), lost()).pool, manifestWith({}))({ file: 'a.wav' }, undefined),
  ).rejects.toMatchObject({ code: 'WORKER_LOST' });
});

test('a pool that is full is waited for', async () => {
  const { pool, asked } = poolOf(new ServiceBusyError('Full.', 0.01), new ServiceBusyError('Full.', 0.01));
  await hearWith(pool, manifestWith({}))({ file: 'a.wav' }, undefined);
  expect(asked).toHaveLength(3);
});

test('the profile is that of the plan', async () => {
  const { pool, asked } = poolOf();
  const profile = '{"format":"mars-profile"}';
  const planned = manifestWith({ profile: sha256(profile) });
  await hearWith(pool, planned, { profile })({ file: 'a.wav' }, undefined);
  expect(asked[0][1]?.profile).toEqual({ format: 'mars-profile' });
  expect(() => hearWith(pool, planned)).toThrow('none is given');
  expect(() => hearWith(pool, planned, { profile: '{}' })).toThrow('another is given');
  expect(() => hearWith(pool, manifestWith({}), { profile })).toThrow('without a profile');
});
