import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { html, Markup } from './markup.ts';
import { colour } from './palette.ts';

/** What stands inside an `<svg>` of that size, in pixels. */
export interface Drawing {
  readonly content: Markup;
  readonly width: number;
  readonly height: number;
}

export const FONT_SIZE = 12;
const FONTS = 'DejaVu Sans, system-ui, sans-serif';

const { document } = parseHTML('<!doctype html><html><body></body></html>');

/**
 * Draws with Observable Plot, without a browser. Texts and axes have the same size and colour in every plot; colours are
 * the palette's variables.
 */
export function plot({ width = 640, height = 400, ...options }: Plot.PlotOptions): Drawing {
  const svg = Plot.plot({
    ...options,
    width,
    height,
    document,
  }) as unknown as SVGSVGElement;
  // Its style sheet speaks of a browser's page; what it says of size and colour, the frame says for all plots.
  svg.querySelector('style')?.remove();
  return { content: new Markup(svg.innerHTML), width, height };
}

/** Drawings below each other, or beside each other in `columns`, each under its title. */
export function arrange(
  panels: readonly { title?: string; titleInset?: number; drawing: Drawing }[],
  { columns = 1, gap = 12 }: { columns?: number; gap?: number } = {},
): Drawing {
  const rows = Array.from({ length: Math.ceil(panels.length / columns) }, (_, row) =>
    panels.slice(row * columns, (row + 1) * columns),
  );
  let y = 0;
  let width = 0;
  const content = rows.map((row) => {
    const titleHeight = row.some(({ title }) => title !== undefined) ? 22 : 0;
    let x = 0;
    const placed = row.map(({ title, titleInset = 0, drawing }) => {
      const left = x;
      x += drawing.width + gap;
      return html`${
          title !== undefined &&
          html`<text x="${left + titleInset}" y="${y + 13}" text-anchor="start" font-weight="600"
            >${title}</text
          >`
        }<svg
          x="${left}"
          y="${y + titleHeight}"
          width="${drawing.width}"
          height="${drawing.height}"
          overflow="visible"
        >
          ${drawing.content}
        </svg>`;
    });
    width = Math.max(width, x - gap);
    y += titleHeight + Math.max(...row.map(({ drawing }) => drawing.height)) + gap;
    return placed;
  });
  return { content: html`${content}`, width, height: y - gap };
}

/** What the marks of a plot mean, in a line above it. */
export function legend(
  items: readonly { symbol: Plot.SymbolType; text: string; fill?: string; stroke?: string }[],
  width: number,
): Drawing {
  // 0.62 em is DejaVu's mean width: with narrower fonts there is a little air.
  let x = 6;
  const placed = items.map((item) => {
    const left = x;
    x += 12 + item.text.length * FONT_SIZE * 0.62 + 14;
    return { ...item, left };
  });
  return plot({
    width,
    height: 22,
    margin: 0,
    axis: null,
    x: { domain: [0, width], range: [0, width] },
    y: { domain: [0, 22], range: [0, 22] },
    marks: placed.flatMap(({ symbol, text, fill = 'none', stroke = 'none', left }) => [
      Plot.dot([0], { x: left, y: () => 9, symbol, fill, stroke, strokeWidth: 1.5, r: 4 }),
      Plot.text([text], { x: () => left + 10, y: () => 9, text: (line) => line, textAnchor: 'start' }),
    ]),
  });
}

/** A drawing as a whole `<svg>`; `label` is read out in its place. */
export function frame({ content, width, height }: Drawing, label: string, className = ''): Markup {
  return html`<svg
    xmlns="http://www.w3.org/2000/svg"
    class="${className}"
    viewBox="0 0 ${width} ${height}"
    width="${width}"
    height="${height}"
    role="img"
    aria-label="${label}"
    color="${new Markup(colour('ink'))}"
    fill="currentColor"
    text-anchor="middle"
    font-size="${FONT_SIZE}"
    font-family="${FONTS}"
  >
    ${content}
  </svg>`;
}

/** The axis along which shares of 1 are read as UAR in per cent. */
export const UAR_AXIS = {
  domain: [0, 1],
  label: 'UAR, %',
  labelAnchor: 'center',
  labelArrow: 'none',
  ticks: 5,
  tickSize: 3,
  tickFormat: (x: number) => String(Math.round(100 * x)),
} as const satisfies Plot.ScaleOptions;
