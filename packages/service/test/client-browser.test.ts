import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { build, type Rolldown } from 'vite';
import { expect, test } from 'vitest';
import { CHROMIUM_TIMEOUT_MS, launchChromium } from '../../../test/chromium.ts';
import { encodeWav } from '@mars/core';
import type { MarsClient } from '@mars/client';
import { syntheticVoice } from '../../core/test/synthetic-voice.ts';
import { tinyModel } from '../../core/test/tiny-model.ts';
import { buildApp } from '../src/http/app.ts';
import { KeyStore } from '../src/http/keys.ts';
import { openPool } from '../src/recognition/recogniser-pool.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';

test(
  'in Chromium, with a key: a recording, a live stream, and an error',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mars-keys-'));
    await using pool = await openPool({ model: tinyModel(), size: 1 });
    const keys = new KeyStore(join(folder, 'keys.json'));
    const { key } = await keys.create('browser');
    const app = await buildApp({ pool, keys, log: { level: 'silent' } });
    try {
      await app.listen({ port: 0, host: '127.0.0.1' });
      const baseUrl = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
      await using browser = await launchChromium();
      const page = await browser.newPage({ bypassCSP: true });
      await page.goto(`${baseUrl}/healthz`);
      await page.addScriptTag({ content: await bundledClient() });
      const samples = syntheticVoice('sa i  sosu ea si');
      const wav = encodeWav({ samples, sampleRate: 16_000 });
      const seen = await page.evaluate(
        async ({ baseUrl, key, wav, samples }) => {
          const { MarsClient: Client } = (
            globalThis as unknown as { mars: { MarsClient: typeof MarsClient } }
          ).mars;
          const client = new Client({ baseUrl, apiKey: key });
          const { durationSec } = await client.classify(Uint8Array.from(wav));
          const stream = client.stream({ intervalSec: null });
          void stream.send(Float32Array.from(samples), 16_000);
          void stream.close();
          const types: string[] = [];
          for await (const { type } of stream) types.push(type);
          const stranger = new Client({ baseUrl }).stream()[Symbol.asyncIterator]();
          const code = await stranger.next().catch((error: { code: string }) => error.code);
          return { durationSec, types, code };
        },
        { baseUrl, key, wav: [...wav], samples: [...samples] },
      );
      expect(seen).toEqual({
        durationSec: samples.length / 16_000,
        types: [
          'session.created',
          'session.updated',
          'utterance.start',
          'measurement.result',
          'utterance.end',
          'session.closed',
        ],
        code: 'UNAUTHORIZED',
      });
    } finally {
      await app.close();
      await rm(folder, { recursive: true });
    }
  },
  CHROMIUM_TIMEOUT_MS,
);

/** The client as one script, which makes `mars`. */
async function bundledClient(): Promise<string> {
  const entry = join(import.meta.dirname, '../../client/src/index.ts');
  const [{ output }] = (await build({
    configFile: false,
    logLevel: 'warn',
    build: { write: false, lib: { entry, formats: ['iife'], name: 'mars' } },
  })) as Rolldown.RolldownOutput[];
  return output[0].code;
}
