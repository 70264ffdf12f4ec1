import type { Drawing } from './drawing.ts';

export type Cell = string | number;

/** Numbers for who cannot see a plot, or wants to count with them. */
export interface Table {
  readonly columns: readonly string[];
  /** The first cell of a row names it. */
  readonly rows: readonly (readonly Cell[])[];
}

/** One plot of a report, with everything that stands for it where it cannot be seen. */
export interface Figure {
  /** Names its PNG and its anchor. */
  readonly id: string;
  readonly title: string;
  /** What is drawn, and how to read it. */
  readonly caption: string;
  /** What one would see, in a sentence or two. */
  readonly description: string;
  readonly table: Table;
  /** Draws it for so many pixels of width. */
  readonly draw: (width: number) => Drawing;
}

/** Widths that plots are drawn for: a column of text, and a phone of 360 pixels. */
export const WIDTHS = { wide: 700, narrow: 328 } as const;

/** Whether a width is that of a phone: panels then stand below each other. */
export function isNarrow(width: number): boolean {
  return width < 480;
}
