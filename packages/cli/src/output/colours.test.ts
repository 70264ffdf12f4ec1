import { EMOTION_COLOURS, EMOTIONS } from '@mars/core';
import { describe, expect, test } from 'vitest';
import { paintFor, plain, trueColour } from './colours.ts';

const terminal = (bits: number) => ({ isTTY: true, getColorDepth: () => bits });
const pipe = { isTTY: false, getColorDepth: () => 1 };

const RGB = '\u001B[48;2;240;96;60;38;2;0;0;0mA\u001B[0m';
const CUBE = '\u001B[48;5;203;38;5;16mA\u001B[0m';

describe('where colours are', () => {
  test.each([
    ['a terminal', terminal(24), {}, true, RGB],
    ['256 colours', terminal(8), {}, true, CUBE],
    ['16 colours', terminal(4), {}, true, 'A'],
    ['a pipe', pipe, {}, true, 'A'],
    ['NO_COLOR', terminal(24), { NO_COLOR: '1' }, true, 'A'],
    ['NO_COLOR, empty: as if it were not there', terminal(8), { NO_COLOR: '' }, true, CUBE],
    ['FORCE_COLOR in a pipe', pipe, { FORCE_COLOR: '1' }, true, RGB],
    ['FORCE_COLOR=0', terminal(24), { FORCE_COLOR: '0' }, true, 'A'],
    ['--no-color against FORCE_COLOR', terminal(24), { FORCE_COLOR: '1' }, false, 'A'],
  ] as const)('%s', (_, stream, env, wanted, painted) => {
    expect(paintFor(stream, { wanted, env })('angry', 'A')).toBe(painted);
  });

  test('a label that is no emotion of ours has no colour', () => {
    expect(trueColour('bored', 'B')).toBe('B');
    expect(plain('angry', 'A')).toBe('A');
  });
});

/** WCAG 2.2, relative luminance. */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const level = parseInt(hex.slice(at, at + 2), 16) / 255;
    return level <= 0.04045 ? level / 12.92 : ((level + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

test.each(EMOTIONS)('black letters can be read on %s', (emotion) => {
  expect((luminance(EMOTION_COLOURS[emotion].dark) + 0.05) / 0.05).toBeGreaterThanOrEqual(4.5);
});
