import { emotionWord, headline, phrase, sureness } from '../results/describe.ts';
import { clock, duration, percent } from '../results/format.ts';
import { words } from '../strings/en.ts';
import type { Outcome } from './outcome.ts';
import { escaped, svg } from './shapes.ts';
import { timelinePicture } from './timeline-picture.ts';

const STYLE = `
  body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #16191d; background: #fff;
    font: 1rem/1.5 system-ui, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif; font-variant-numeric: tabular-nums; }
  h1, h2 { overflow-wrap: anywhere; line-height: 1.25; }
  .soft { color: #50575f; }
  .caveat { padding: .75rem 1rem; border-left: 3px solid #1f4e79; background: #eef3f8; }
  figure { margin: 1.5rem 0; overflow-x: auto; }
  svg { max-width: 100%; height: auto; }
  table { border-collapse: collapse; margin: 1rem 0; }
  th, td { padding: .2rem 1rem .2rem 0; border-bottom: 1px solid #d9dde1; text-align: left; }
`;

/** A page about recordings that needs nothing but itself: no network and no script. */
export function reportPage(outcomes: readonly Outcome[], { model }: { model: string }): string {
  const title =
    outcomes.length === 1 ? words.report.title(outcomes[0].name) : words.table.heading(outcomes.length);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
<h1>${escaped(title)}</h1>
<p class="soft">${escaped(words.report.by(model))}</p>
<p class="caveat">${escaped(words.report.caveat)}</p>
${outcomes.map(section).join('\n')}
</html>
`;
}

function section({ name, analysis, failure }: Outcome): string {
  const heading = `<h2>${escaped(name)}</h2>`;
  if (!analysis)
    return `${heading}\n<p>${escaped(failure?.message ?? '')} <code>${escaped(failure?.code ?? '')}</code></p>`;
  const { durationSec, timeline, verdict } = analysis;
  const { summary, segments } = timeline;
  const said = `${headline(verdict)}. ${duration(durationSec)}; ${words.summary.speech(duration(summary.speechSec), duration(durationSec))}`;
  const scores = table(
    [words.timeline.columns.emotion, words.timeline.columns.confidence],
    verdict.emotion === null
      ? []
      : verdict.scores.map(({ label, score }) => [emotionWord(label), percent(score)]),
  );
  const rows = segments.map((segment) => [
    clock(segment.startSec, 1),
    clock(segment.endSec, 1),
    emotionWord(segment.emotion),
    sureness(segment),
    percent(segment.confidence),
  ]);
  return `${heading}
<p><strong>${escaped(phrase(verdict))}</strong></p>
<p>${escaped(said)} ${escaped(words.summary.changes(summary.changes.length))}</p>
<figure>${svg(timelinePicture(name, analysis), `${name}: ${phrase(verdict)}. ${words.timeline.table(segments.length)}.`)}</figure>
${scores}
${table(Object.values(words.timeline.columns), rows)}`;
}

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return '';
  const head = columns.map((column) => `<th scope="col">${escaped(column)}</th>`).join('');
  const body = rows.map((row) => `<tr>${row.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`);
  return `<table><thead><tr>${head}</tr></thead><tbody>${body.join('\n')}</tbody></table>`;
}
