import { MarsClientError } from './errors.ts';
import { LiveStream, type SocketLike, type StreamOptions } from './live-stream.ts';
import type { Channels, ClassifyOptions, Model, Timeline, Verdict } from './results.ts';

export interface MarsClientOptions {
  /** Where the service is, such as "http://127.0.0.1:8321". */
  readonly baseUrl: string | URL;
  /** Needed when the service listens beyond its own machine: `mars keys create` makes one. */
  readonly apiKey?: string;
  readonly fetch?: typeof fetch;
  readonly WebSocket?: new (url: string, protocols?: string[]) => SocketLike;
}

export interface Asking {
  /** Ends the request; the service lets go of it. */
  readonly signal?: AbortSignal;
}

/** A recording: WAV, FLAC, MP3, Ogg Vorbis or Ogg Opus. A stream is read to its end before it is sent. */
export type Recording = Blob | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>>;

/**
 * A client of the MARS service, for Node and the browser.
 *
 * @example
 * const client = new MarsClient({ baseUrl: 'http://127.0.0.1:8321' });
 * const { emotion, confidence } = await client.classify(await openAsBlob('clip.wav'));
 */
export class MarsClient {
  readonly #baseUrl: URL;
  readonly #apiKey: string | undefined;
  readonly #fetch: typeof fetch;
  readonly #WebSocket: new (url: string, protocols?: string[]) => SocketLike;

  constructor({
    baseUrl,
    apiKey,
    fetch: fetching = globalThis.fetch.bind(globalThis),
    WebSocket: Socket = globalThis.WebSocket,
  }: MarsClientOptions) {
    this.#baseUrl = new URL(baseUrl);
    // A service may lie below a path.
    if (!this.#baseUrl.pathname.endsWith('/')) this.#baseUrl.pathname += '/';
    this.#apiKey = apiKey;
    this.#fetch = fetching;
    this.#WebSocket = Socket;
  }

  /**
   * Says which emotion is in a recording.
   *
   * @throws MarsClientError with the service's code (`AUDIO_UNREADABLE`, `SERVICE_BUSY` …), or `CONNECTION_FAILED`;
   *   the signal's reason when it aborts
   */
  classify(
    file: Recording,
    options: ClassifyOptions & Asking & { readonly timeline: true; readonly channels: 'split' },
  ): Promise<Channels<Timeline>>;
  classify(
    file: Recording,
    options: ClassifyOptions & Asking & { readonly timeline?: false; readonly channels: 'split' },
  ): Promise<Channels<Verdict>>;
  classify(
    file: Recording,
    options: ClassifyOptions & Asking & { readonly timeline: true; readonly channels?: 'mix' },
  ): Promise<Timeline>;
  classify(
    file: Recording,
    options?: ClassifyOptions & Asking & { readonly timeline?: false; readonly channels?: 'mix' },
  ): Promise<Verdict>;
  async classify(
    file: Recording,
    { signal, ...config }: ClassifyOptions & Asking = {},
  ): Promise<Verdict | Timeline | Channels> {
    const form = new FormData();
    form.append('config', JSON.stringify(config));
    form.append('file', await asBlob(file), 'recording');
    // Whole, and not as a stream: a request of Node's that is called off while it reads one brings the process down.
    const { headers, body } = await encodeForm(form);
    return this.#ask<Verdict | Timeline | Channels>('v1/classify', {
      method: 'POST',
      headers,
      body,
      ...(signal && { signal }),
    });
  }

  /** The models that answer. */
  async models({ signal }: Asking = {}): Promise<readonly Model[]> {
    const { models } = await this.#ask<{ models: Model[] }>('v1/models', signal ? { signal } : {});
    return models;
  }

  /** Opens a live stream; see {@link LiveStream}. */
  stream(options: StreamOptions = {}): LiveStream {
    return new LiveStream(
      {
        connect: () => {
          const url = new URL('v1/stream', this.#baseUrl);
          url.protocol = url.protocol.replace('http', 'ws');
          // The key cannot be sent in a header of its own: a browser's WebSocket has none.
          return new this.#WebSocket(url.href, [
            'mars.v1',
            ...(this.#apiKey === undefined ? [] : [this.#apiKey]),
          ]);
        },
        whyNot: () => this.#whyNot(),
      },
      options,
    );
  }

  /** A WebSocket does not tell why it could not be opened; a request does. */
  async #whyNot(): Promise<MarsClientError> {
    try {
      await this.models({ signal: AbortSignal.timeout(5000) });
    } catch (error) {
      if (error instanceof MarsClientError) return error;
    }
    return new MarsClientError('CONNECTION_FAILED', `The connection to ${this.#baseUrl.href} was lost.`);
  }

  async #ask<Answer>(path: string, init: RequestInit): Promise<Answer> {
    const headers = new Headers(init.headers);
    if (this.#apiKey !== undefined) headers.set('authorization', `Bearer ${this.#apiKey}`);
    let response: Response;
    let text: string;
    try {
      response = await this.#fetch(new URL(path, this.#baseUrl), { ...init, headers });
      text = await response.text();
    } catch (cause) {
      init.signal?.throwIfAborted();
      const message = `No answer came from ${this.#baseUrl.href}: is the service running there?`;
      throw new MarsClientError('CONNECTION_FAILED', message, { cause });
    }
    const { status } = response;
    const requestId = response.headers.get('x-request-id') ?? undefined;
    let answer: unknown;
    try {
      answer = JSON.parse(text);
    } catch (cause) {
      const message = `The answer (HTTP ${status}) is no JSON: is ${this.#baseUrl.href} a MARS service?`;
      throw new MarsClientError('RESPONSE_INVALID', message, { cause, status, requestId });
    }
    if (response.ok) return answer as Answer;
    const { error } = answer as { error?: { code?: string; message?: string; request_id?: string } };
    const retryAfter = Number(response.headers.get('retry-after') ?? NaN);
    throw new MarsClientError(error?.code ?? 'RESPONSE_INVALID', error?.message ?? `HTTP ${status}`, {
      status,
      requestId: error?.request_id ?? requestId,
      ...(Number.isFinite(retryAfter) && { retryAfterSec: retryAfter }),
    });
  }
}

function asBlob(file: Recording): Blob | Promise<Blob> {
  if (file instanceof Blob) return file;
  return file instanceof Uint8Array ? new Blob([file]) : new Response(file).blob();
}

async function encodeForm(form: FormData): Promise<{ headers: Record<string, string>; body: ArrayBuffer }> {
  const encoded = new Response(form);
  return {
    headers: { 'content-type': encoded.headers.get('content-type')! },
    body: await encoded.arrayBuffer(),
  };
}
