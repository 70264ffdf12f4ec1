import { join } from 'node:path';
import * as Plot from '@observablehq/plot';
import { float32, Session } from '@mars/autograd';
import { decodeAudio, MarsError, resample } from '@mars/core';
import { readBytes, type Clip } from '../corpora/clip.ts';
import type { Prediction } from '../evaluate.ts';
import { exportTraining } from '../export.ts';
import { RunFolder } from '../run.ts';
import { arrange, plot, type Drawing } from './drawing.ts';
import type { Evidence } from './evidence.ts';
import { isNarrow, type Figure } from './figure.ts';
import { inPercent, percent } from './numbers.ts';
import { colour } from './palette.ts';

/** One recording, and how a model's attention was spread over it. */
interface HeardClip extends Prediction {
  readonly durationSec: number;
  /** Lowest and highest sample of equal pieces of the recording, from -1 to 1. */
  readonly envelope: readonly { timeSec: number; low: number; high: number }[];
  /** Of equal steps; sums to 1. */
  readonly attention: readonly { timeSec: number; weight: number }[];
}

/** As many as a panel has pixels, about. */
const ENVELOPE_POINTS = 240;

/**
 * Where in the recordings a model's attention lay, for one test clip per emotion: that whose score for its emotion is the
 * median, so that no clip is picked for its looks. The model is the first training's. Undefined for a network without attention.
 *
 * Errors: `CORPUS_INVALID` when none of the training's test clips is among `clips`; those of a recording that cannot be read.
 */
export async function attentionOverWaveform(
  { trainings: [training], path, report }: Evidence,
  clips: readonly Clip[],
): Promise<Figure | undefined> {
  const files = new Map(clips.map(({ id, file }) => [id, file]));
  const known = training.predictions.filter(({ id }) => files.has(id));
  if (known.length === 0) {
    throw new MarsError(
      'CORPUS_INVALID',
      `None of the ${training.predictions.length} clips that ${training.name} tested (such as ${training.predictions[0]?.id}) is in ` +
        'the corpus that was given. Give the corpus of the training.',
    );
  }
  const typical = report.labels.flatMap((label, k) => {
    const sorted = known.filter(({ emotion }) => emotion === label).sort((a, b) => a.scores[k] - b.scores[k]);
    return sorted.slice(sorted.length >> 1, (sorted.length >> 1) + 1);
  });
  const { bytes, metadata } = await exportTraining(new RunFolder(join(path, training.name)), report.preset);
  const session = await Session.create(bytes, { threads: 1 });
  try {
    const heard: HeardClip[] = [];
    for (const prediction of typical) {
      const { samples, sampleRate } = await decodeAudio(await readBytes(files.get(prediction.id)!));
      const waveform = resample(samples, sampleRate, metadata.sampleRate);
      const outputs = await session.run({ waveform: float32(waveform, [1, waveform.length]) });
      if (!('attention' in outputs)) return undefined;
      const weights = Array.from(outputs['attention'].data as Float32Array);
      const durationSec = samples.length / sampleRate;
      // A clip shorter than the window is padded to it, and the steps span what the network saw.
      const stepSec = Math.max(durationSec, metadata.windowSec) / weights.length;
      heard.push({
        ...prediction,
        durationSec,
        envelope: envelopeOf(samples, durationSec),
        attention: weights.map((weight, i) => ({ timeSec: (i + 0.5) * stepSec, weight })),
      });
    }
    return toFigure(heard, training.name);
  } finally {
    await session.dispose();
  }
}

function envelopeOf(samples: Float32Array, durationSec: number): HeardClip['envelope'] {
  const peak = samples.reduce((highest, sample) => Math.max(highest, Math.abs(sample)), 1e-9);
  return Array.from({ length: ENVELOPE_POINTS }, (_, i) => {
    const piece = samples.subarray(
      Math.floor((i * samples.length) / ENVELOPE_POINTS),
      Math.ceil(((i + 1) * samples.length) / ENVELOPE_POINTS),
    );
    const [low, high] = piece.reduce(
      ([least, most], sample) => [Math.min(least, sample), Math.max(most, sample)],
      [0, 0],
    );
    return { timeSec: ((i + 0.5) * durationSec) / ENVELOPE_POINTS, low: low / peak, high: high / peak };
  });
}

function toFigure(heard: readonly HeardClip[], training: string): Figure {
  const facts = heard.map((clip) => {
    const summit = clip.attention.reduce((best, step) => (step.weight > best.weight ? step : best));
    const padded = clip.attention
      .filter(({ timeSec }) => timeSec > clip.durationSec)
      .reduce((sum, { weight }) => sum + weight, 0);
    return { ...clip, summit, padded };
  });
  const rightly = heard.filter(({ emotion, predicted }) => emotion === predicted).length;
  return {
    id: 'attention',
    title: 'Attention over the waveform',
    caption:
      `Grey: the recording. Coloured: how the attention of ${training} lies over it, each to its own height; it sums to 1. ` +
      'Of each emotion the test clip whose score is the median. A step of a recurrent network also carries what came before it.',
    description:
      `${rightly} of ${heard.length} clips are heard rightly. ` +
      `Attention is highest ${facts.map(({ emotion, summit }) => `at ${summit.timeSec.toFixed(1)} s (${emotion})`).join(', ')}.`,
    table: {
      columns: ['clip', 'played', 'heard', 'score %', 'length s', 'highest at s', 'on padding %'],
      rows: facts.map(({ id, emotion, predicted, scores, durationSec, summit, padded }) => [
        id,
        emotion,
        predicted,
        percent(Math.max(...scores)),
        durationSec.toFixed(2),
        summit.timeSec.toFixed(2),
        percent(padded),
      ]),
    },
    draw(width) {
      const columns = isNarrow(width) ? 1 : 2;
      const gap = 24;
      const panelWidth = (width - gap * (columns - 1)) / columns;
      return arrange(
        heard.map((clip) => ({ title: nameOf(clip), drawing: drawClip(clip, panelWidth) })),
        { columns, gap },
      );
    },
  };
}

function nameOf({ emotion, predicted, scores, speaker }: HeardClip): string {
  const confidence = inPercent(Math.max(...scores));
  return emotion === predicted
    ? `${emotion}, heard (${confidence}), ${speaker}`
    : `${emotion}, heard as ${predicted} (${confidence}), ${speaker}`;
}

/** The waveform above, from 0 to 1; the attention below it. */
function drawClip({ emotion, durationSec, envelope, attention }: HeardClip, width: number): Drawing {
  const highest = Math.max(...attention.map(({ weight }) => weight));
  const inside = attention.filter(({ timeSec }) => timeSec <= durationSec);
  return plot({
    width,
    height: 100,
    marginLeft: 12,
    marginRight: 14,
    marginTop: 0,
    marginBottom: 22,
    x: {
      domain: [0, durationSec],
      label: null,
      tickSize: 3,
      ticks: 4,
      tickFormat: (timeSec: number) => `${timeSec} s`,
    },
    y: { domain: [-0.85, 1], axis: null },
    marks: [
      Plot.areaY(envelope, {
        x: 'timeSec',
        y1: ({ low }: HeardClip['envelope'][number]) => 0.5 + low / 2,
        y2: ({ high }: HeardClip['envelope'][number]) => 0.5 + high / 2,
        fill: colour('soft'),
        fillOpacity: 0.55,
      }),
      Plot.areaY(inside, {
        x: 'timeSec',
        y1: () => -0.85,
        y2: ({ weight }: HeardClip['attention'][number]) => -0.85 + (0.8 * weight) / highest,
        fill: colour(emotion),
      }),
      Plot.ruleY([-0.85], { stroke: colour('soft') }),
    ],
  });
}
