/**
 * A support call, recorded with a side on each channel: how the customer's side sounds over time, when the agent speaks, and
 * which moments a person should listen to.
 *
 *   npx node examples/support-call/call.ts                          a call made of the samples
 *   npx node examples/support-call/call.ts call.wav                 the customer is on the left channel
 *   npx node examples/support-call/call.ts call.wav --customer right
 *   npx node examples/support-call/call.ts two-friends.flac --both-sides      nobody in it is at work
 *   npx node examples/support-call/call.ts call.wav --url https://mars.example.org      with the key in MARS_API_KEY
 */
import { openAsBlob } from 'node:fs';
import { parseArgs } from 'node:util';
import type { MarsClient, Timeline } from '@mars/client';
import { encodeWav, EMOTIONS, MarsError } from '@mars/core';
import { clock, duration, percent } from '@mars/core/format';
import { runExample } from '../shared/run-example.ts';
import { openService } from '../shared/service.ts';
import { demoCall } from './demo-call.ts';
import { findMoments, type Moment } from './moments.ts';
import { findTalk, readSides } from './sides.ts';
import { drawSides, type Side } from './strips.ts';

const NOTICE = `
This example hears the customer's side of a call. Of the agent's it finds only when somebody speaks, on this machine:
inferring the emotions of people at work is prohibited in the EU but for medical and safety reasons (EU AI Act,
Art. 5(1)(f)), and how an agent sounds must not come out of a tool for calls.
 - Callers are to be told, before it happens, that the call is recorded and heard by a machine for emotions (Art. 50).
 - What it says is where to listen. It is wrong often, and no ground to judge a caller or an agent on.
 - The model may be used for non-commercial purposes only: a call centre needs one of its own.
`;

await runExample(NOTICE, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      url: { type: 'string' },
      customer: { type: 'string', default: 'left' },
      'both-sides': { type: 'boolean', default: false },
    },
  });
  const [file] = positionals;
  const call = file === undefined ? await demoCall() : await openAsBlob(file);
  const customer = sideCalled(values.customer);
  await using service = await openService(values.url);
  if (values['both-sides']) await hearBoth(service.client, call);
  else await hearCustomer(service.client, call, customer);
});

/** What is not to be heard is not sent: the service gets the customer's channel, and nothing of the agent's. */
async function hearCustomer(client: MarsClient, call: Blob, customer: 'left' | 'right'): Promise<void> {
  const { sampleRate, left, right } = await readSides(call);
  const [theirs, agents] = customer === 'left' ? [left, right] : [right, left];
  const [timeline, talk] = await Promise.all([
    client.classify(encodeWav({ samples: theirs, sampleRate }), { timeline: true, oneSpeaker: true }),
    findTalk(agents, sampleRate),
  ]);
  const sides = [
    { name: 'customer', stretches: timeline.segments },
    { name: 'agent', stretches: talk },
  ];
  print(sides, timeline.durationSec);
  printMoments('customer', timeline, findMoments(timeline.segments, talk));
}

/** A timeline of each channel, in one request. */
async function hearBoth(client: MarsClient, call: Blob): Promise<void> {
  const { channels } = await client.classify(call, { timeline: true, channels: 'split', oneSpeaker: true });
  if (channels.length !== 2) {
    throw new MarsError(
      'AUDIO_UNSUPPORTED',
      `The recording has ${channels.length} channel(s); two were expected.`,
    );
  }
  const sides = channels.map(({ segments }, i) => ({ name: ['left', 'right'][i], stretches: segments }));
  print(sides, channels[0].durationSec);
  for (const [i, timeline] of channels.entries()) {
    printMoments(sides[i].name, timeline, findMoments(timeline.segments, channels[1 - i].segments));
  }
}

function print(sides: readonly Side[], durationSec: number): void {
  console.log(`${duration(durationSec)}\n\n${drawSides(sides, durationSec, EMOTIONS)}\n`);
}

function printMoments(name: string, { summary }: Timeline, moments: readonly Moment[]): void {
  const shares = summary.shares.map(({ emotion, share }) => `${emotion} ${percent(share)}`);
  console.log(`${name}: ${duration(summary.speechSec)} of speech. ${shares.join(', ') || 'All uncertain'}.`);
  if (moments.length === 0) return console.log('No moment stands out.');
  console.log('Listen to:');
  for (const { fromSec, startSec, endSec, emotion, confidence } of moments) {
    const from = fromSec < startSec ? `, and before it from ${clock(fromSec)}` : '';
    console.log(
      `  ${clock(startSec, 1)} – ${clock(endSec, 1)}  sounds ${emotion} (${percent(confidence)})${from}`,
    );
  }
}

function sideCalled(name: string): 'left' | 'right' {
  if (name === 'left' || name === 'right') return name;
  throw new MarsError(
    'CONFIG_INVALID',
    `--customer came as ${JSON.stringify(name)}; left or right was expected.`,
  );
}
