import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MarsClient } from '@mars/client';
import { openPool, serve } from '@mars/service';

const MODEL = join(import.meta.dirname, '../../models/flagship/model.onnx');

/** Of a recording: a call may be longer than what a service takes of strangers. */
const LONGEST_SEC = 2 * 3600;

export interface Service extends AsyncDisposable {
  readonly url: string;
  readonly client: MarsClient;
}

/**
 * The service at `url`, asked with the key in MARS_API_KEY; without `url` one of our own, on this machine and for as long
 * as the example runs.
 *
 * @example
 * await using service = await openService(process.env.MARS_URL);
 * console.log(await service.client.models());
 */
export async function openService(url?: string): Promise<Service> {
  if (url !== undefined) {
    const apiKey = process.env['MARS_API_KEY'];
    const client = new MarsClient({ baseUrl: url, ...(apiKey && { apiKey }) });
    return { url, client, [Symbol.asyncDispose]: async () => undefined };
  }
  await using started = new AsyncDisposableStack();
  const pool = await openPool({ model: await readFile(MODEL), size: 1, maxDurationSec: LONGEST_SEC });
  started.defer(() => pool.close());
  const service = started.use(
    await serve({
      pool,
      port: 0,
      limits: { audioSec: LONGEST_SEC, uploadBytes: 250e6 },
      log: { level: 'silent' },
    }),
  );
  const running = started.move();
  return {
    url: service.url,
    client: new MarsClient({ baseUrl: service.url }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
