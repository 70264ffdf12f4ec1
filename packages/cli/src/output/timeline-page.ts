import { basename } from 'node:path';
import { lettersOf, type Timeline } from '@mars/core';
import { colour, html, WIDTHS, writePage, writeTable, type Markup } from '@mars/training/report';
import type { Outcome } from './outcome.ts';
import { clock, count, duration, percent } from './text.ts';
import { drawTimeline } from './timeline-drawing.ts';
import { describeKnownVoice } from './voice.ts';

/** A page of timelines that needs nothing but itself: no network and no script. */
export function writeTimelinePage(
  outcomes: readonly Outcome<Timeline>[],
  { labels, model }: { labels: readonly string[]; model: string },
): string {
  const heard = outcomes.filter((outcome) => !('error' in outcome));
  const title = heard.length === 1 ? `Emotions in ${basename(heard[0].file)}` : 'Emotions over time';
  const letters = lettersOf(labels);
  const body = html`<h1 style="overflow-wrap:anywhere">${title}</h1>
    <p class="byline">${count(outcomes.length, 'recording')}, heard by MARS with the model “${model}”</p>
    <p class="caveat">
      This is how a voice sounds to a model that learnt from speech, most of it acted. It is not what somebody
      feels, and no ground to judge a person on: it is wrong often, and more often for voices, languages and
      rooms that it never heard.
    </p>
    ${outcomes.map((outcome) => writeSection(outcome, letters))}`;
  return writePage({ title, body });
}

function writeSection(outcome: Outcome<Timeline>, letters: ReadonlyMap<string, string>): Markup {
  const { file } = outcome;
  if ('error' in outcome) {
    return html`<section>
      <h2 style="overflow-wrap:anywhere">${file}</h2>
      <p>Not heard: ${outcome.error.message} <code>${outcome.error.code}</code></p>
    </section>`;
  }
  const { durationSec, segments, summary } = outcome;
  if (segments.length === 0) {
    return html`<section>
      <h2 style="overflow-wrap:anywhere">${file}</h2>
      <p>${duration(durationSec)}, in which nobody speaks.</p>
    </section>`;
  }
  const voice = describeKnownVoice(segments.at(-1)?.knownVoice);
  const about = [
    `${duration(durationSec)}, of which speech ${duration(summary.speechSec)} (${percent(summary.speechSec / durationSec)})`,
    ...(voice === undefined ? [] : [voice]),
  ];
  return html`<section>
    <h2 style="overflow-wrap:anywhere">${file}</h2>
    <p class="byline">${about.join('; ')}</p>
    ${writeFigure(outcome, letters)} ${writeShares(summary)}
  </section>`;
}

function writeFigure(
  { file, durationSec, segments, summary }: { file: string } & Timeline,
  letters: ReadonlyMap<string, string>,
): Markup {
  const shares = summary.shares.map(({ emotion, share }) => `${emotion} ${percent(share)}`).join(', ');
  const title = `${file} over time. Of the speech: ${shares || 'all uncertain'}. Every segment is in the table that follows.`;
  const said = [...letters].filter(([label]) => segments.some(({ emotion }) => emotion === label));
  const draw = (className: 'wide' | 'narrow') =>
    drawTimeline({ segments, durationSec }, { letters, width: WIDTHS[className], title, className });
  return html`<figure>
    ${draw('wide')} ${draw('narrow')}
    <figcaption>
      ${said.map(
        ([label, letter]) =>
          html`<span style="white-space:nowrap"
            ><span style="color:${colour(label)}" aria-hidden="true">■</span> <b>${letter}</b> ${label}</span
          > `,
      )}<br />A bar is as long as the speech and as high as the confidence; hollow bars with small letters are
      uncertain.
    </figcaption>
    <details>
      <summary>The ${count(segments.length, 'segment')} as a table</summary>
      ${writeTable({
        columns: ['start', 'end', 'emotion', 'verdict', 'confidence'],
        rows: segments.map(({ startSec, endSec, verdict, emotion, confidence }) => [
          clock(startSec, 1),
          clock(endSec, 1),
          emotion ?? 'none',
          verdict,
          percent(confidence),
        ]),
      })}
    </details>
  </figure>`;
}

function writeShares({ speechSec, shares, uncertainShare, changes, strongest }: Timeline['summary']): Markup {
  const momentOf = new Map(strongest.map((moment) => [moment.emotion, moment]));
  const rows = shares.map(({ emotion, share }) => {
    const { startSec, confidence } = momentOf.get(emotion)!;
    return [
      emotion,
      percent(share),
      duration(share * speechSec),
      `${clock(startSec)} (${percent(confidence)})`,
    ];
  });
  if (uncertainShare > 1e-9) {
    rows.push(['uncertain', percent(uncertainShare), duration(uncertainShare * speechSec), '–']);
  }
  return html`${writeTable({ columns: ['emotion', 'of the speech', 'time', 'strongest at'], rows })}
    <p>The emotion changes ${count(changes.length, 'time')}.</p>`;
}
