import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Resvg } from '@resvg/resvg-js';
import { arrange, frame, type Drawing } from './drawing.ts';
import { WIDTHS, type Figure } from './figure.ts';
import { html } from './markup.ts';
import { resolveColours } from './palette.ts';

/** A machine without a screen often has no fonts at all: the package brings its own. */
const FONT_FOLDER = join(
  dirname(createRequire(import.meta.url).resolve('dejavu-fonts-ttf/package.json')),
  'ttf',
);
const FONT_FILES = ['DejaVuSans.ttf', 'DejaVuSans-Bold.ttf'].map((name) => join(FONT_FOLDER, name));

/** Pixels of the image per pixel of the drawing: 200 dots per inch in a column of a paper. */
const SCALE = 2;
const MARGIN = 16;

/** A figure on white paper, under its title; `source` says below it what was measured. */
export function renderPng({ title, description, draw }: Figure, source: string): Uint8Array {
  const { content, width, height } = withTitle(title, draw(WIDTHS.wide), source);
  const padded: Drawing = {
    content: html`<rect
        x="0"
        y="0"
        width="${width + 2 * MARGIN}"
        height="${height + 2 * MARGIN}"
        fill="var(--paper)"
      />
      <g transform="translate(${MARGIN},${MARGIN})">${content}</g>`,
    width: width + 2 * MARGIN,
    height: height + 2 * MARGIN,
  };
  const image = new Resvg(resolveColours(frame(padded, description).text), {
    fitTo: { mode: 'zoom', value: SCALE },
    font: { fontFiles: FONT_FILES, loadSystemFonts: false, defaultFontFamily: 'DejaVu Sans' },
  });
  return image.render().asPng();
}

function withTitle(title: string, drawing: Drawing, source: string): Drawing {
  const line = (text: string, attributes: { size: number; weight: number; colour: string }): Drawing => ({
    content: html`<text
      x="0"
      y="14"
      text-anchor="start"
      font-size="${attributes.size}"
      font-weight="${attributes.weight}"
      fill="var(--${attributes.colour})"
      >${text}</text
    >`,
    width: drawing.width,
    height: 22,
  });
  const body = arrange([{ drawing: line(title, { size: 15, weight: 700, colour: 'ink' }) }, { drawing }], {
    gap: 6,
  });
  return arrange([{ drawing: body }, { drawing: line(source, { size: 10, weight: 400, colour: 'soft' }) }]);
}
