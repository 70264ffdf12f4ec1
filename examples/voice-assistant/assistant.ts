/**
 * A voice assistant that softens its tone: it hears on the live stream how it is spoken to, and chooses how it answers.
 * What it says is a fixed sentence in three tones; in yours, the instruction goes to whatever writes the answers.
 *
 *   npx node examples/voice-assistant/assistant.ts                        the microphone, until Ctrl-C
 *   npx node examples/voice-assistant/assistant.ts samples/*.flac         recordings, one utterance after the other
 *   npx node examples/voice-assistant/assistant.ts --url https://mars.example.org      with the key in MARS_API_KEY
 */
import { openAsBlob } from 'node:fs';
import { parseArgs } from 'node:util';
import type { LiveStream, StreamEvent } from '@mars/client';
import { openAudio, Resampler } from '@mars/core';
import { MICROPHONE, recordMicrophone } from '../../packages/cli/src/microphone.ts';
import { readPcm } from '../../packages/cli/src/pcm.ts';
import { runExample } from '../shared/run-example.ts';
import { openService } from '../shared/service.ts';
import { FIRST_TONE, nextTone, TONES } from './tone.ts';

const NOTICE = `
This assistant guesses from the sound of a voice how it should talk. It does not know what anybody feels, and is wrong
often: it softens its words and decides nothing.
 - People who talk to it are to be told so before they do (EU AI Act, Art. 50), and may switch it off (--off).
 - Not for people at work or in education: prohibited in the EU but for medical and safety reasons (Art. 5(1)(f)).
 - Not to sell, to press or to keep somebody talking. The model may be used for non-commercial purposes only.
`;

/** Hz: what the service hears. */
const SAMPLE_RATE = 16_000;

await runExample(NOTICE, async () => {
  const { values, positionals: recordings } = parseArgs({
    allowPositionals: true,
    options: { url: { type: 'string' }, off: { type: 'boolean', default: false } },
  });
  const source = recordings.length > 0 ? speak(recordings) : microphone();
  // Switched off is off: nothing is recorded and nothing is sent.
  if (values.off) return console.log(`[plain] ${TONES[0].reply}`);
  await using service = await openService(values.url);
  const stream = service.client.stream({ intervalSec: null, oneSpeaker: true });
  await Promise.all([send(source, stream), answer(stream)]);
});

/** Says after each utterance how to answer it. */
async function answer(events: AsyncIterable<StreamEvent>): Promise<void> {
  let state = FIRST_TONE;
  for await (const event of events) {
    if (event.type === 'stream.interrupted') console.error('The connection is lost; going on as it was.');
    if (event.type !== 'measurement.result' || event.trigger !== 'speech_ended') continue;
    state = nextTone(state, event);
    const { name, instruction, reply } = TONES.find(({ name }) => name === state.tone)!;
    const at = `${(event.audio_start_ms / 1000).toFixed(1)} – ${(event.audio_end_ms / 1000).toFixed(1)} s`;
    console.log(`${at}  strain ${state.strain.toFixed(2)}\n  [${name}] ${reply}`);
    console.error(`  to the writer: ${instruction}`);
  }
}

async function send(source: AsyncIterable<Float32Array>, stream: LiveStream): Promise<void> {
  try {
    for await (const samples of source) await stream.send(samples, SAMPLE_RATE);
  } finally {
    await stream.close();
  }
}

async function* microphone(): AsyncGenerator<Float32Array> {
  const ended = new AbortController();
  process.once('SIGINT', () => ended.abort());
  const onStart = (recorder: string) =>
    console.error(`Listening to the microphone, by ${recorder}. Ctrl-C ends it.`);
  yield* readPcm(recordMicrophone({ signal: ended.signal, onStart }), MICROPHONE);
}

/** Recordings one after the other, with a second of silence after each: it ends what was said. */
async function* speak(files: readonly string[]): AsyncGenerator<Float32Array> {
  for (const file of files) {
    await using reader = await openAudio(await openAsBlob(file));
    const resampler = new Resampler(reader.sampleRate, SAMPLE_RATE);
    for await (const block of reader.blocks()) yield resampler.process(block);
    yield resampler.flush();
    yield new Float32Array(SAMPLE_RATE);
  }
}
