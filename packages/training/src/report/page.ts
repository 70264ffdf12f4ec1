import { frame } from './drawing.ts';
import { WIDTHS, type Figure, type Table } from './figure.ts';
import { html, Markup } from './markup.ts';
import { STYLE } from './style.ts';

/** A whole page that needs nothing but itself: no script, no font and no image from elsewhere. */
export function writePage({ title, body }: { title: string; body: Markup }): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="generator" content="MARS" />
        <title>${title}</title>
        <style>
          ${new Markup(STYLE)}
        </style>
      </head>
      <body>
        <main>${body}</main>
      </body>
    </html> `.text;
}

/** A numbered figure: drawn for a wide and for a narrow screen, of which one shows, with its numbers to unfold. */
export function writeFigure(
  { id, title, caption, description, table, draw }: Figure,
  number: number,
): Markup {
  const label = `${title}. ${description}`;
  return html` <figure id="${id}">
    ${frame(draw(WIDTHS.wide), label, 'wide')} ${frame(draw(WIDTHS.narrow), label, 'narrow')}
    <figcaption><b>Figure ${number}. ${title}.</b> ${caption} ${description}</figcaption>
    <details>
      <summary>The numbers of figure ${number}</summary>
      ${writeTable(table)}
    </details>
  </figure>`;
}

/** Numbers to the right, words to the left; a wide table scrolls within itself. */
export function writeTable({ columns, rows }: Table, caption?: string): Markup {
  const isText = columns.map((_, k) => k === 0 || rows.some((row) => /\p{L}{3}/u.test(String(row[k]))));
  const aligned = (k: number) => (isText[k] ? 'text' : '');
  return html`${caption !== undefined && html`<p class="note">${caption}</p>`}
    <div class="scroll" tabindex="0" role="group" aria-label="${caption ?? 'Table'}">
      <table>
        <thead>
          <tr>
            ${columns.map((column, k) => html`<th scope="col" class="${aligned(k)}">${column}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ([name, ...cells]) =>
              html`<tr>
                <th scope="row" class="text">${name}</th>
                ${cells.map((cell, k) => html`<td class="${aligned(k + 1)}">${cell}</td>`)}
              </tr> `,
          )}
        </tbody>
      </table>
    </div>`;
}
