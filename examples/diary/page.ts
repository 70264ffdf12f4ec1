import { EMOTIONS, lettersOf } from '@mars/core';
import { clock, duration, percent } from '@mars/core/format';
import { colour, html, WIDTHS, writePage, writeTable, type Markup } from '@mars/training/report';
import type { Day, Entry } from './week.ts';

const CAVEAT =
  'This is how your voice sounded to a model that learnt from actors, and not how you felt. It is wrong often. It is no ' +
  'diagnosis, and nothing to measure yourself by. If a week is hard, talk to somebody who can listen.';

const HEIGHT = 220;
const FOOT = 44;

const GAP = 1;

/** Colours alone tell nothing to those who do not see them: what is as high as this has its letter. */
const LETTER_HEIGHT = 16;
const LETTERS = lettersOf(EMOTIONS);

/** The week as a page that needs nothing but itself: no script, and nothing from anywhere. */
export function writeWeek(
  days: readonly Day[],
  { profile, unheard }: { profile: string; unheard: readonly { file: string; message: string }[] },
): string {
  const title = `${day(days[0].date, { day: 'numeric', month: 'long' })} to ${day(days[6].date, { dateStyle: 'long' })}`;
  const entries = days.flatMap((each) => each.entries);
  const said = EMOTIONS.filter((emotion) =>
    days.some(({ shares }) => shares.some((s) => s.emotion === emotion)),
  );
  const body = html`<h1>${title}</h1>
    <p class="byline">
      ${entries.length} recording(s), ${profile}, heard on this machine. This page is yours alone.
    </p>
    <p class="caveat">${CAVEAT}</p>
    <figure>
      ${drawWeek(days, 'wide')} ${drawWeek(days, 'narrow')}
      <figcaption>
        ${said.map(
          (emotion) =>
            html`<span style="white-space:nowrap"
              ><span style="color:${colour(emotion)}" aria-hidden="true">■</span>
              <b>${LETTERS.get(emotion)}</b> ${emotion}</span
            > `,
        )}<span style="white-space:nowrap"><span aria-hidden="true">□</span> uncertain</span><br />
        How each day's speech divides. Below each day, how long you spoke.
      </figcaption>
      <details>
        <summary>The week as a table</summary>
        ${writeTable({
          columns: ['day', 'recordings', 'speech', ...said, 'uncertain'],
          rows: days.map((each) => [
            day(each.date, { weekday: 'long' }),
            each.entries.length,
            duration(each.speechSec),
            ...said.map((emotion) => percent(shareOf(each, emotion))),
            percent(each.uncertainShare),
          ]),
        })}
      </details>
    </figure>
    <h2>Recordings</h2>
    ${writeTable({
      columns: ['recording', 'when', 'speech', 'mostly', 'clearest moment'],
      rows: entries.map((entry) => rowOf(entry)),
    })}
    ${unheard.map(({ file, message }) => html`<p class="note">${file} could not be heard: ${message}</p>`)}`;
  return writePage({ title: `Diary: ${title}`, body });
}

function rowOf({ file, at, summary }: Entry): string[] {
  const [first] = summary.shares;
  const [moment] = summary.strongest;
  return [
    file,
    day(at, { weekday: 'short', hour: '2-digit', minute: '2-digit' }),
    duration(summary.speechSec),
    first === undefined
      ? summary.speechSec > 0
        ? 'uncertain'
        : 'nobody speaks'
      : `${first.emotion} ${percent(first.share)}`,
    moment === undefined
      ? '–'
      : `${clock(moment.startSec)} ${moment.emotion} (${percent(moment.confidence)})`,
  ];
}

/** A bar a day, divided from below in the order of the emotions, with what is uncertain hollow at the top. */
function drawWeek(days: readonly Day[], className: keyof typeof WIDTHS): Markup {
  const width = WIDTHS[className];
  const step = width / days.length;
  const barWidth = 0.64 * step;
  const description = days.map(describe).join('; ');
  return html`<svg
    class="${className}"
    role="img"
    aria-label="${description}"
    viewBox="0 0 ${width} ${HEIGHT + FOOT}"
    width="${width}"
    height="${HEIGHT + FOOT}"
    font-size="12"
  >
    <path d="M0 ${HEIGHT + 0.5}H${width}" stroke="${colour('rule')}" />
    ${days.map((each, i) => {
      const [left, middle] = [i * step + (step - barWidth) / 2, (i + 0.5) * step];
      return html`<g
        >${drawBar(each, left, barWidth)}<text
          x="${round(middle)}"
          y="${HEIGHT + 18}"
          text-anchor="middle"
          fill="${colour('ink')}"
          >${day(each.date, { weekday: 'short' })}</text
        ><text x="${round(middle)}" y="${HEIGHT + 36}" text-anchor="middle" fill="${colour('soft')}"
          >${each.speechSec > 0 ? duration(each.speechSec) : '–'}</text
        ></g
      >`;
    })}
  </svg>`;
}

function drawBar(each: Day, x: number, width: number): Markup[] {
  let floor = HEIGHT;
  const part = (share: number, name: string, paint: Markup): Markup | undefined => {
    const height = share * HEIGHT;
    floor -= height;
    if (height < 0.5) return undefined;
    const drawn = Math.max(0.5, height - GAP);
    return html`<rect
        x="${round(x)}"
        y="${round(floor)}"
        width="${round(width)}"
        height="${round(drawn)}"
        ${paint}
        ><title>${day(each.date, { weekday: 'long' })}: ${name} ${percent(share)}</title></rect
      >${
        height >= LETTER_HEIGHT &&
        html`<text x="${round(x + width + 3)}" y="${round(floor + height / 2 + 4)}" fill="${colour('ink')}"
          >${LETTERS.get(name)}</text
        >`
      }`;
  };
  return [
    ...EMOTIONS.map((emotion) => part(shareOf(each, emotion), emotion, html`fill="${colour(emotion)}"`)),
    part(each.uncertainShare, 'uncertain', html`fill="none" stroke="${colour('rule')}"`),
  ].filter((drawn) => drawn !== undefined);
}

function describe(each: Day): string {
  const name = day(each.date, { weekday: 'long' });
  if (each.speechSec === 0) return `${name}: nothing`;
  const shares = each.shares.map(({ emotion, share }) => `${emotion} ${percent(share)}`);
  return `${name}: ${[...shares, `uncertain ${percent(each.uncertainShare)}`].join(', ')}`;
}

function shareOf({ shares }: Day, emotion: string): number {
  return shares.find((each) => each.emotion === emotion)?.share ?? 0;
}

function day(date: Date, format: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat('en-GB', format).format(date);
}

function round(pixels: number): number {
  return Math.round(10 * pixels) / 10;
}
