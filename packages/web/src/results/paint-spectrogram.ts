import type { Spectrogram } from '../engine/engine.ts';

/** From silent to loud: five stops of matplotlib's "magma" (CC0), which stays in order without colour, too. */
const STOPS = [
  [0, 0, 4],
  [81, 18, 124],
  [183, 55, 121],
  [252, 137, 97],
  [252, 253, 191],
];

/** Paints a spectrogram, a pixel per step and band; the page's style stretches it. */
export function paintSpectrogram(
  canvas: HTMLCanvasElement,
  { columns, bands, levels }: Pick<Spectrogram, 'columns' | 'bands' | 'levels'>,
): void {
  Object.assign(canvas, { width: Math.max(1, columns), height: bands });
  const image = new ImageData(canvas.width, bands);
  for (let column = 0; column < columns; column++) {
    for (let band = 0; band < bands; band++) {
      const at = 4 * ((bands - 1 - band) * columns + column);
      image.data.set(colourOfLevel(levels[column * bands + band]), at);
    }
  }
  canvas.getContext('2d')!.putImageData(image, 0, 0);
}

/** Red, green, blue and opacity of a level from 0 to 255. */
export function colourOfLevel(level: number): [number, number, number, number] {
  const place = (level / 255) * (STOPS.length - 1);
  const low = Math.min(STOPS.length - 2, Math.floor(place));
  const mixed = STOPS[low].map((from, i) => Math.round(from + (STOPS[low + 1][i] - from) * (place - low)));
  return [mixed[0], mixed[1], mixed[2], 255];
}
