// The Worker: owns the model, and answers the questions of engine-client.ts.
import { loadRecogniser, MarsError, Profile, type LiveStream, type Recogniser } from '@mars/core';
import { analyse, readPart } from './analysis.ts';
import type {
  Answer,
  Calls,
  EnrolmentSource,
  ModelFacts,
  Part,
  Question,
  Source,
  StreamSettings,
  VoiceSettings,
} from './engine.ts';
import { words } from '../strings/en.ts';
import { drawSpectrogram } from './spectrogram.ts';

const MODEL = new URL('../../../../models/flagship/model.onnx', import.meta.url);

/** A Worker's global scope has what the page's handle of it has: `postMessage` and `onmessage`. */
const page = globalThis as unknown as Pick<Worker, 'postMessage' | 'onmessage'>;

let opened: Promise<Recogniser> | undefined;
const streams = new Map<number, LiveStream>();
const underWay = new Map<number, AbortController>();

/** Opens the model once; a failure is not kept, so that the next question tries again. */
function recogniser(): Promise<Recogniser> {
  opened ??= open().catch((error: unknown) => {
    opened = undefined;
    throw error;
  });
  return opened;
}

async function open(): Promise<Recogniser> {
  try {
    return await loadRecogniser(fetchModel());
  } catch (error) {
    if (error instanceof MarsError && error.code === 'DOWNLOAD_FAILED') throw error;
    // The file is the page's own: what is wrong is the runtime, which never starts a second time in the same Worker.
    throw new Error(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

async function fetchModel(): Promise<Uint8Array> {
  const response = await fetch(MODEL).catch((cause: unknown) => {
    throw new MarsError('DOWNLOAD_FAILED', words.engine.offline, { cause });
  });
  if (!response.ok) throw new MarsError('DOWNLOAD_FAILED', words.engine.refused(response.status));
  return new Uint8Array(await response.arrayBuffer());
}

/** The first runs compile what they run: better now than at the first recording, unless one waits already. */
async function warmUp(recogniser: Recogniser): Promise<void> {
  if (underWay.size > 1) return;
  const sampleRate = 16_000;
  const hum = Float32Array.from({ length: sampleRate }, (_, i) => 0.1 * Math.sin(0.05 * i));
  await recogniser.classify({ samples: hum, sampleRate });
  await recogniser.classify({ samples: hum, sampleRate }, { assumeSpeech: true });
}

function voice({ profile, oneSpeaker }: VoiceSettings) {
  return {
    ...(profile !== undefined && { profile: Profile.parse(profile) }),
    ...(oneSpeaker !== undefined && { oneSpeaker }),
  };
}

async function streamOf(id: number): Promise<LiveStream> {
  const stream = streams.get(id);
  if (stream) return stream;
  throw new MarsError('STREAM_CLOSED', words.engine.streamGone);
}

const calls = {
  async load(): Promise<ModelFacts> {
    const opened = await recogniser();
    await warmUp(opened);
    const { labelMeans: _, ...facts } = opened.metadata;
    return facts;
  },
  async analyse(source: Source, options: VoiceSettings, given: Calls) {
    return analyse(recogniser(), source, { ...voice(options), ...given });
  },
  async explain(
    source: Source,
    {
      profile,
      startSec = 0,
      endSec,
      ...options
    }: VoiceSettings & Part & { emotion?: string; assumeSpeech?: boolean },
    given: Calls,
  ) {
    const part = await readPart(source, { startSec, endSec, signal: given.signal });
    const explained = await (
      await recogniser()
    ).explain(part.audio, {
      ...voice({ profile }),
      ...options,
      ...given,
    });
    const { explanation } = explained;
    if (explanation === null || part.startSec === 0) return explained;
    const moved = <Step extends { startSec: number; endSec: number }>(steps: readonly Step[]) =>
      steps.map((step) => ({
        ...step,
        startSec: part.startSec + step.startSec,
        endSec: part.startSec + step.endSec,
      }));
    const { stretches, attention } = explanation;
    return {
      ...explained,
      explanation: {
        ...explanation,
        stretches: moved(stretches),
        ...(attention && { attention: moved(attention) }),
      },
    };
  },
  spectrogram: (source: Source, part: Part, given: Calls) => drawSpectrogram(source, part, given),
  async calibrate(clips: readonly EnrolmentSource[], { onProgress }: Calls) {
    async function* recordings() {
      for (const [index, { source, emotion }] of clips.entries()) {
        onProgress?.(index, clips.length);
        const recording = source instanceof Blob ? new Uint8Array(await source.arrayBuffer()) : source;
        yield { recording, ...(emotion !== undefined && { emotion }) };
      }
    }
    return (await (await recogniser()).calibrate(recordings())).toJSON();
  },
  async openStream(id: number, { sampleRate, intervalSec, ...options }: VoiceSettings & StreamSettings) {
    const stream = { sampleRate, ...(intervalSec !== undefined && { intervalSec }), ...voice(options) };
    streams.set(id, (await recogniser()).stream(stream));
  },
  push: async (id: number, samples: Float32Array) => (await streamOf(id)).push(samples),
  async end(id: number) {
    const stream = await streamOf(id);
    streams.delete(id);
    return stream.end();
  },
} as const;

page.onmessage = ({ data }: MessageEvent<Question>) => void answer(data);
page.postMessage({ isAlive: true } satisfies Answer);

async function answer(question: Question): Promise<void> {
  if ('isAlive' in question) {
    page.postMessage({ isAlive: true } satisfies Answer);
    return;
  }
  const { id } = question;
  const reply = (answer: Answer, transfer: Transferable[] = []) => page.postMessage(answer, transfer);
  if ('abort' in question) {
    underWay.get(id)?.abort();
    return;
  }
  const controller = new AbortController();
  underWay.set(id, controller);
  const given: Calls = {
    onProgress: (...progress) => reply({ id, progress }),
    onVerdict: (verdict) => reply({ id, verdict }),
    signal: controller.signal,
  };
  try {
    const call = calls[question.call as keyof typeof calls] as (...args: unknown[]) => Promise<unknown>;
    const value = await call(...question.args, given);
    reply({ id, value }, buffersIn(value));
  } catch (error) {
    const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) };
    reply({ id, error: { name, message, ...(error instanceof MarsError && { code: error.code }) } });
  } finally {
    underWay.delete(id);
  }
}

/** The memory that an answer may give away: nobody here needs it any more. */
function buffersIn(value: unknown): Transferable[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap((part) =>
    ArrayBuffer.isView(part) && part.buffer instanceof ArrayBuffer ? [part.buffer] : [],
  );
}
