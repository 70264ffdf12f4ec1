/** A picture as a list of shapes, in pixels: drawn on a canvas for PNG, written as SVG for a page. */
export type Shape =
  | {
      readonly type: 'rect';
      readonly x: number;
      readonly y: number;
      readonly width: number;
      readonly height: number;
      readonly fill?: string;
      /** Dashed. */
      readonly stroke?: string;
    }
  | {
      readonly type: 'text';
      readonly x: number;
      readonly y: number;
      readonly text: string;
      readonly fill: string;
      readonly size?: number;
      readonly anchor?: 'start' | 'middle' | 'end';
      readonly isBold?: boolean;
    };

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly shapes: readonly Shape[];
}

const FONT = "system-ui, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif";
const TEXT_SIZE = 13;
const DASHES = [4, 3];

/** Draws a picture on a canvas of its own; `scale` pixels of the canvas for each of the picture's. */
export function paint({ width, height, shapes }: Picture, scale = 2): HTMLCanvasElement {
  const canvas = Object.assign(document.createElement('canvas'), {
    width: Math.round(width * scale),
    height: Math.round(height * scale),
  });
  const context = canvas.getContext('2d')!;
  context.scale(scale, scale);
  for (const shape of shapes) {
    if (shape.type === 'text') {
      const { text, x, y, fill, size = TEXT_SIZE, anchor = 'start', isBold } = shape;
      context.font = `${isBold ? '600 ' : ''}${size}px ${FONT}`;
      context.textAlign = anchor === 'middle' ? 'center' : anchor;
      context.fillStyle = fill;
      context.fillText(text, x, y);
      continue;
    }
    const { x, y, width, height, fill, stroke } = shape;
    if (fill !== undefined) {
      context.fillStyle = fill;
      context.fillRect(x, y, width, height);
    }
    if (stroke !== undefined) {
      context.strokeStyle = stroke;
      context.lineWidth = 1.5;
      context.setLineDash(DASHES);
      context.strokeRect(x, y, width, height);
    }
  }
  return canvas;
}

/** Writes a picture as SVG; `title` says what one would see, for who cannot. */
export function svg({ width, height, shapes }: Picture, title: string): string {
  const size = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`;
  const body = shapes.map(svgShape).join('\n');
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="${escaped(title)}" ${size} font-family="${FONT}">\n${body}\n</svg>`;
}

function svgShape(shape: Shape): string {
  if (shape.type === 'text') {
    const { text, x, y, fill, size = TEXT_SIZE, anchor = 'start', isBold } = shape;
    const weight = isBold ? ' font-weight="600"' : '';
    return `<text x="${round(x)}" y="${round(y)}" fill="${fill}" font-size="${size}" text-anchor="${anchor}"${weight}>${escaped(text)}</text>`;
  }
  const { x, y, width, height, fill = 'none', stroke } = shape;
  const line =
    stroke === undefined
      ? ''
      : ` stroke="${stroke}" stroke-width="1.5" stroke-dasharray="${DASHES.join(' ')}"`;
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="${fill}"${line}/>`;
}

function round(pixels: number): number {
  return Math.round(10 * pixels) / 10;
}

/** Text that may stand in HTML, also between quotation marks. */
export function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
  };
  return text.replace(/[&<>"]/g, (character) => entities[character]);
}
