// A worker of the pool: owns one recogniser, and answers what worker-process.ts asks.
import { createReadStream } from 'node:fs';
import {
  fileError,
  loadRecogniser,
  MarsError,
  Profile,
  type AudioSource,
  type LiveEvent,
  type LiveStream,
  type Recogniser,
} from '@mars/core';
import { ByteQueue } from './byte-queue.ts';
import { hearRecording } from './hear-recording.ts';
import type { ClassifyResult } from './pool-protocol.ts';
import type { Answer, JobSource, LivePush, Notice, Question, SentError } from './worker-protocol.ts';

const jobs = new Map<number, { readonly controller: AbortController; readonly bytes: ByteQueue }>();
const streams = new Map<number, LiveStream>();
let recogniser: Promise<Recogniser>;

process.on('message', (message: Question | Notice) => hear(message));
// Whoever waits for an answer is gone.
process.on('disconnect', () => process.exit());
// A terminal and systemd send these to the whole group: the pool says when to stop.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);

function say(answer: Answer): void {
  process.send!(answer, undefined, undefined, () => undefined);
}

async function open(model: Uint8Array): Promise<Recogniser> {
  try {
    const opened = await loadRecogniser(model);
    await warmUp(opened);
    const { labelMeans: _, ...facts } = opened.metadata;
    say({ type: 'ready', model: facts });
    return opened;
  } catch (error) {
    say({ type: 'unusable', error: sent(error) });
    throw error;
  }
}

/** The first runs compile what they run, and the first of the detector fetches it. */
async function warmUp(opened: Recogniser): Promise<void> {
  const sampleRate = 16_000;
  const hum = Float32Array.from({ length: sampleRate }, (_, i) => 0.1 * Math.sin(0.05 * i));
  await opened.classify({ samples: hum, sampleRate });
  await opened.classify({ samples: hum, sampleRate }, { assumeSpeech: true });
}

function hear(message: Question | Notice): void {
  switch (message.type) {
    case 'open':
      recogniser = open(message.model);
      // It has been said.
      recogniser.catch(() => undefined);
      return;
    case 'bytes':
      jobs.get(message.id)?.bytes.push(message.bytes);
      return;
    case 'push':
      void hearPushes(message.pushes);
      return;
    case 'abort':
      jobs.get(message.id)?.controller.abort();
      jobs.get(message.id)?.bytes.close();
      return;
    case 'closeStream':
      streams.delete(message.stream);
      return;
    case 'stop':
      void stop();
      return;
    default:
      void answer(message);
  }
}

async function stop(): Promise<void> {
  await (await recogniser).dispose();
  process.disconnect();
}

async function answer(question: Question): Promise<void> {
  const { id } = question;
  try {
    say({ type: 'value', id, value: await answerTo(question) });
  } catch (error) {
    say({ type: 'error', id, error: sent(error) });
  }
}

async function hearPushes(pushes: readonly LivePush[]): Promise<void> {
  const uneventful: number[] = [];
  const hearPush = async ({ id, stream, samples }: LivePush): Promise<void> => {
    try {
      // Of a stream that has been closed nobody waits for what is in it.
      const events = (await streams.get(stream)?.push(asFloat(samples))) ?? [];
      if (events.length === 0) uneventful.push(id);
      else say({ type: 'value', id, value: events });
    } catch (error) {
      say({ type: 'error', id, error: sent(error) });
    }
  };
  await Promise.all(pushes.map(hearPush));
  say({ type: 'heard', uneventful });
}

function answerTo(question: Question): Promise<unknown> {
  switch (question.type) {
    case 'classify':
      return classify(question);
    case 'openStream':
      return openStream(question);
    default:
      return endStream(question.stream);
  }
}

async function classify({ id, source, options }: Question & { type: 'classify' }): Promise<ClassifyResult> {
  const controller = new AbortController();
  const bytes = new ByteQueue(() => say({ type: 'taken', id }));
  jobs.set(id, { controller, bytes });
  try {
    return await hearRecording(await recogniser, audioSource(source, bytes), options, controller.signal);
  } finally {
    jobs.delete(id);
  }
}

function audioSource(source: JobSource, bytes: ByteQueue): AudioSource {
  if (source === 'bytes follow') return bytes;
  return 'path' in source ? readPieces(source.path) : Buffer.concat(source.pieces);
}

async function* readPieces(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* createReadStream(path) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw fileError(error);
  }
}

async function openStream({
  id,
  options: { profile, ...options },
}: Question & { type: 'openStream' }): Promise<void> {
  const voice = profile === undefined ? {} : { profile: Profile.parse(profile) };
  streams.set(id, (await recogniser).stream({ ...options, ...voice }));
}

function endStream(id: number): Promise<LiveEvent[]> {
  const stream = streams.get(id)!;
  streams.delete(id);
  return stream.end();
}

function asFloat(samples: Float32Array | Int16Array): Float32Array {
  if (samples instanceof Float32Array) return samples;
  const floats = new Float32Array(samples.length);
  // Not Float32Array.from with a function, which takes as long as the model does.
  for (let i = 0; i < samples.length; i += 1) floats[i] = samples[i] / 32768;
  return floats;
}

function sent(error: unknown): SentError {
  if (error instanceof MarsError) return { message: error.message, code: error.code };
  return { message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
