import {
  createRandom,
  initialiseBuffers,
  initialiseParameters,
  input,
  operations,
  writeGraph,
  writeInferenceGraph,
} from '@mars/autograd';
import { buildNetwork, featureWidth, preset } from '@mars/training';
import * as node from '../packages/core/src/recognition/onnxruntime.node.ts';
import * as web from '../packages/core/src/recognition/onnxruntime.web.ts';
import { yamnetLogMel } from '../packages/training/src/front-end/yamnet-log-mel.ts';
import { yamnetFrontEnd, yamnetTrunk } from '../packages/training/src/front-end/yamnet.ts';
import { show, summarise, type Measured } from './measure.ts';
import { voiceLike } from './voice-like.ts';

const ROUNDS = 25;
const SECONDS = [1, 3, 10];
const LABELS = 8;

/** A graph that is ready to run on a waveform; resolves to the milliseconds that it took. */
type Run = (samples: Float32Array) => Promise<number>;

/** What the transfer model costs from waveform to scores: up to each of its parts, and by the speeds it hears a clip at. */
export async function benchFrontEnd(): Promise<void> {
  for (const [name, runtime] of Object.entries({ Node: node, WebAssembly: web })) {
    console.log(`From waveform to scores of the transfer model in ${name}, one thread, ms:`);
    const runs = new Map<string, Run>();
    for (const [part, graph] of graphs()) runs.set(part, await open(graph, runtime));
    for (const seconds of SECONDS) {
      const measured = await measure(runs, voiceLike(16_000, seconds));
      for (const [part, times] of measured) console.log(`  ${seconds} s, ${part}: ${show(times)}`);
    }
    console.log();
  }
}

/** The transfer model up to each of its parts. The weights of the head are those that a training begins with. */
function graphs(): Map<string, Uint8Array> {
  const { features, network: settings } = preset('transfer');
  if (features.kind !== 'yamnet')
    throw new Error(`The front end of yamnet was expected, not ${features.kind}.`);
  const waveform = input('waveform', ['batch', 'samples']);
  const logMel = yamnetLogMel(waveform);
  const head = buildNetwork(settings, featureWidth(features), LABELS);
  const weights = {
    parameters: initialiseParameters(head, createRandom('bench')),
    buffers: initialiseBuffers(head),
  };
  const modelAt = (...speeds: number[]) =>
    writeInferenceGraph(head, weights, {
      x: waveform,
      preprocess: () =>
        operations.concat(
          speeds.map((speed) => yamnetFrontEnd(waveform, features, { speed })),
          0,
        ),
      build: ({ output }) => ({ scores: operations.softmax(output) }),
    });
  return new Map([
    ['log-mel', writeGraph({ logMel })],
    ['and the trunk', writeGraph({ activations: yamnetTrunk(logMel, features.layer).get(features.layer)! })],
    ['and the pooling', writeGraph({ vector: yamnetFrontEnd(waveform, features) })],
    ['and the head', modelAt(1)],
    ['the whole at speeds 0.9 and 1.1', modelAt(0.9, 1.1)],
    ['the whole at speeds 0.9, 1 and 1.1', modelAt(0.9, 1, 1.1)],
  ]);
}

async function open(graph: Uint8Array, { createSession, Tensor }: typeof node | typeof web): Promise<Run> {
  const session = await createSession(graph, { threads: 1 });
  return async (samples) => {
    const waveform = new Tensor('float32', samples, [1, samples.length]);
    const started = performance.now();
    await session.run({ waveform });
    return performance.now() - started;
  };
}

/** All in turn, round by round, so that a machine whose speed drifts treats them alike. */
async function measure(runs: Map<string, Run>, samples: Float32Array): Promise<Map<string, Measured>> {
  const times = new Map([...runs.keys()].map((part): [string, number[]] => [part, []]));
  for (const run of runs.values()) await run(samples);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [part, run] of runs) times.get(part)!.push(await run(samples));
  }
  return new Map([...times].map(([part, values]) => [part, summarise(values)]));
}
