import { melspectrogram, powerToDb, resample, type Matrix } from '@mars/core';
import { openSource, otherTasks } from './analysis.ts';
import type { Calls, Part, Source, Spectrogram } from './engine.ts';

/** Hz: telephones end below 4000, and little of what tells emotions apart lies above 8000. */
const SAMPLE_RATE = 16_000;
const HIGHEST_HZ = SAMPLE_RATE / 2;
const BANDS = 64;
const HOP_SEC = 0.01;
const MOST_COLUMNS = 1200;

/** What is so far below the loudest is not told from silence. */
const RANGE_DB = 80;

/**
 * The mel spectrogram of a recording, or a part of it, as a picture of at most 1200 columns: of a long recording each
 * column is the mean power over its stretch.
 */
export async function drawSpectrogram(
  source: Source,
  { startSec = 0, endSec = Infinity }: Part,
  { onProgress, signal }: Calls = {},
): Promise<Spectrogram> {
  await using reader = await openSource(source);
  const { sampleRate } = reader;
  const [from, to] = [Math.round(startSec * sampleRate), Math.round(endSec * sampleRate)];
  let steps: Float64Array[] = [];
  /** Steps of `HOP_SEC` in each column, and how many the last has got. */
  let stepsPerColumn = 1;
  let filled = 0;
  const add = ({ data, shape: [rows, columns] }: Matrix) => {
    for (let frame = 0; frame < columns; frame++) {
      if (steps.length === 0 || filled === stepsPerColumn) {
        if (steps.length === MOST_COLUMNS) {
          steps = halved(steps);
          stepsPerColumn *= 2;
        }
        steps.push(new Float64Array(BANDS));
        filled = 0;
      }
      const column = steps.at(-1)!;
      for (let band = 0; band < rows; band++) {
        const power = data[band * columns + frame];
        column[band] += (power - column[band]) / (filled + 1);
      }
      filled++;
    }
  };
  let at = 0;
  for await (const block of reader.blocks()) {
    await otherTasks();
    signal?.throwIfAborted();
    const part = block.subarray(clamp(from - at, block), clamp(to - at, block));
    at += block.length;
    if (part.length > 0) add(powers(part, sampleRate));
    onProgress?.(at / sampleRate, reader.durationSec?.(at / sampleRate));
    if (at >= to) break;
  }
  return {
    columns: steps.length,
    bands: BANDS,
    levels: levelsOf(steps),
    highestHz: HIGHEST_HZ,
    startSec,
    endSec: Math.min(endSec, at / sampleRate),
  };
}

function clamp(sample: number, { length }: Float32Array): number {
  return Math.max(0, Math.min(length, sample));
}

function powers(samples: Float32Array, sampleRate: number): Matrix {
  const hopLength = Math.round(HOP_SEC * SAMPLE_RATE);
  return melspectrogram(resample(samples, sampleRate, SAMPLE_RATE), {
    sr: SAMPLE_RATE,
    nFft: 512,
    hopLength,
    nMels: BANDS,
    fmax: HIGHEST_HZ,
  });
}

function halved(columns: readonly Float64Array[]): Float64Array[] {
  return Array.from({ length: columns.length / 2 }, (_, i) =>
    columns[2 * i].map((power, band) => (power + columns[2 * i + 1][band]) / 2),
  );
}

function levelsOf(columns: readonly Float64Array[]): Uint8Array<ArrayBuffer> {
  const power = new Float32Array(columns.length * BANDS);
  for (const [i, column] of columns.entries()) power.set(column, i * BANDS);
  const { data } = powerToDb(
    { data: power, shape: [columns.length, BANDS] },
    { ref: 'max', topDb: RANGE_DB },
  );
  return Uint8Array.from(data, (decibel) => Math.round((255 * (decibel + RANGE_DB)) / RANGE_DB));
}
