import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { emotionVerdict } from './verdict.ts';

const LABELS = ['calm', 'happy', 'angry'];
const plain = { durationSec: 2, calibration: null };

test('names the likeliest label and sorts the others below it', () => {
  const { verdict, emotion, confidence, scores } = emotionVerdict([0.2, 0.1, 0.7], LABELS, plain);
  expect({ verdict, emotion }).toEqual({ verdict: 'emotion', emotion: 'angry' });
  expect(confidence).toBeCloseTo(0.7, 12);
  expect(scores.map(({ label }) => label)).toEqual(['angry', 'calm', 'happy']);
});

test('temperature divides the logits: softmax(z / T), for z = ln p', () => {
  const probabilities = [0.2, 0.1, 0.7];
  const calibration = { temperature: 2, threshold: 0 };
  const exponentials = probabilities.map((p) => Math.exp(Math.log(p) / 2));
  const expected = exponentials[2] / (exponentials[0] + exponentials[1] + exponentials[2]);
  expect(emotionVerdict(probabilities, LABELS, { durationSec: 2, calibration }).confidence).toBeCloseTo(
    expected,
    12,
  );
});

test('below the threshold the best guess is uncertain, at the threshold it stands', () => {
  const at = (threshold: number) =>
    emotionVerdict([0.25, 0.25, 0.5], LABELS, { durationSec: 2, calibration: { temperature: 1, threshold } });
  expect(at(0.51)).toMatchObject({ verdict: 'uncertain', emotion: 'angry', confidence: 0.5 });
  expect(at(0.5).verdict).toBe('emotion');
});

test('whatever the probabilities and the temperature, all labels come back, sorted, and sum to 1', () => {
  const weight = fc.double({ min: 1e-6, max: 1, noNaN: true });
  const weights = fc.tuple(weight, weight, weight);
  const temperatures = fc.double({ min: 0.2, max: 10, noNaN: true });
  fc.assert(
    fc.property(weights, temperatures, (probabilities, temperature) => {
      const calibration = { temperature, threshold: 0.5 };
      const { scores, confidence } = emotionVerdict(probabilities, LABELS, { durationSec: 1, calibration });
      expect(scores.map(({ label }) => label).toSorted()).toEqual(LABELS.toSorted());
      expect(scores.map(({ score }) => score)).toEqual(
        scores.map(({ score }) => score).toSorted((a, b) => b - a),
      );
      expect(scores.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 9);
      expect(confidence).toBe(scores[0].score);
    }),
  );
});
