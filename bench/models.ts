/**
 * From 3 s of samples at the model's rate to its scores, by the shipped models in turn, in Node's runtime and in the
 * browser's, one thread.
 *
 *   node bench/models.ts
 *   node bench/models.ts runs/all/all-seed0/model.onnx      others beside them
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { syntheticVoice } from '../packages/core/test/synthetic-voice.ts';
import * as node from '../packages/core/src/recognition/onnxruntime.node.ts';
import * as web from '../packages/core/src/recognition/onnxruntime.web.ts';
import { show, summarise } from './measure.ts';

const ROUNDS = 50;
const SECONDS = 3;
const SHIPPED = { seed: 22_050, transfer: 16_000, flagship: 16_000 };

const given = process.argv.slice(2).map((file) => ({ name: file, file, sampleRate: 16_000 }));
const models = Object.entries(SHIPPED).map(([name, sampleRate]) => ({
  name,
  file: join(import.meta.dirname, `../models/${name}/model.onnx`),
  sampleRate,
}));

for (const [runtime, { createSession, Tensor }] of Object.entries({ Node: node, WebAssembly: web })) {
  const measured = [];
  for (const { name, file, sampleRate } of [...models, ...given]) {
    const session = await createSession(await readFile(file), { threads: 1 });
    const samples = syntheticVoice('sa i sosu ea sio saei sua esi osa').slice(0, SECONDS * sampleRate);
    const run = () => session.run({ waveform: new Tensor('float32', samples, [1, samples.length]) });
    await run();
    measured.push({ name, run, times: new Array<number>() });
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { run, times } of measured) {
      const started = performance.now();
      await run();
      times.push(performance.now() - started);
    }
  }
  console.log(`${SECONDS} s to scores in ${runtime}, one thread, ms:`);
  for (const { name, times } of measured) console.log(`  ${name}: ${show(summarise(times))}`);
}
process.exit(0);
