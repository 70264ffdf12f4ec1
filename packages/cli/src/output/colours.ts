import { EMOTION_COLOURS, type Colour } from '@mars/core';

/** Writes a text on the colour of an emotion; where there is no colour, the text as it is. */
export type Paint = (emotion: string, text: string) => string;

const COLOURS: Readonly<Partial<Record<string, Colour>>> = EMOTION_COLOURS;

const RESET = '\u001B[0m';

/**
 * How emotions are coloured on a stream: not at all where that is unwanted (`NO_COLOR`, `FORCE_COLOR=0`) or where
 * nobody looks (a pipe, a file), unless `FORCE_COLOR` asks for it; https://no-color.org, https://force-color.org.
 *
 * @param wanted false for --no-color, which outdoes the environment
 */
export function paintFor(
  stream: Pick<NodeJS.WriteStream, 'isTTY' | 'getColorDepth'>,
  { wanted = true, env = process.env }: { wanted?: boolean; env?: NodeJS.ProcessEnv } = {},
): Paint {
  const { NO_COLOR = '', FORCE_COLOR } = env;
  if (!wanted || FORCE_COLOR === '0' || FORCE_COLOR === 'false') return plain;
  if (FORCE_COLOR !== undefined) return trueColour;
  if (NO_COLOR !== '' || !stream.isTTY) return plain;
  const bits = stream.getColorDepth(env);
  return bits >= 24 ? trueColour : bits >= 8 ? cubeColour : plain;
}

export const plain: Paint = (_, text) => text;

/** 24 bits per cell. The colours of dark screens: black letters on them can be read (contrast of 4.5 and more). */
export const trueColour: Paint = (emotion, text) => {
  const rgb = rgbOf(emotion);
  return rgb ? `\u001B[48;2;${rgb.join(';')};38;2;0;0;0m${text}${RESET}` : text;
};

/** The nearest of the 6 × 6 × 6 colours that terminals with 256 of them have (levels 0, 95, 135, … 255). */
const cubeColour: Paint = (emotion, text) => {
  const rgb = rgbOf(emotion);
  if (!rgb) return text;
  const [r, g, b] = rgb.map((level) => (level < 48 ? 0 : Math.max(1, Math.round((level - 55) / 40))));
  return `\u001B[48;5;${16 + 36 * r + 6 * g + b};38;5;16m${text}${RESET}`;
};

function rgbOf(emotion: string): number[] | undefined {
  const hex = COLOURS[emotion]?.dark.slice(1);
  return hex === undefined ? undefined : [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16));
}
