import type { CorpusCheck, Finding, Tally } from '@mars/training';
import type { Command } from 'commander';
import { EXIT_STATUS } from '../exit-status.ts';
import { wholeNumber } from '../numbers.ts';
import { duration, statusLine } from '../progress.ts';

interface VerifyOptions {
  labels?: string;
  json?: boolean;
  speakers?: boolean;
  workers?: number;
}

/** Adds `mars corpus verify`. */
export function addCorpusVerify(corpus: Command): void {
  corpus
    .command('verify')
    .summary('count a corpus and look for faults')
    .description(
      'Decodes every recording and prints how many there are per class, channel, gender and speaker, and what is wrong.\n' +
        'Faults: unreadable; silent; conflict (the same audio under two labels or two speakers).\n' +
        'Notices: duplicate (the same audio, the same label); clipped; length (far from the others);\n' +
        'known (said to be faulty elsewhere, and not heard to be here).',
    )
    .argument('<name>', 'a known corpus (see mars corpus list), or a name of your own')
    .argument('<path>', 'its folder or table')
    .option('--labels <file>', 'a label map, for a table or a folder per label')
    .option('--speakers', 'print a row per speaker')
    .option('--json', 'print everything as one JSON object')
    .option('--workers <n>', 'threads that decode (one per core)', wholeNumber(1))
    .addHelpText(
      'after',
      `
Examples:
  mars corpus verify ravdess /data/ravdess
  mars corpus verify mine /data/mine.csv --labels map.json
  mars corpus verify crema-d /data/crema-d --json | jq '.findings[] | select(.kind == "conflict")'

A path that ends in .csv, .jsonl or .ndjson is a table, and under a name of your own any folder is one of labels;
"mars train --help" says what is in them. To train on them: --corpus NAME=PATH[,labels=FILE].

Exit status: 0 no fault that training would meet; 1 a recording is unreadable, silent or in conflict and training
does not leave it out by itself; 2 wrong usage. Notices, and faults marked "left out", do not count.`,
    )
    .action(verify);
}

async function verify(
  name: string,
  path: string,
  { labels, json, speakers, workers }: VerifyOptions,
): Promise<void> {
  const { FAULT_KINDS, verifyCorpus } = await import('@mars/training');
  const status = statusLine();
  const check = await verifyCorpus(name, path, {
    labels,
    workers,
    onProgress: (done, total) => status.show(`${name}: ${done} of ${total} recordings`),
  });
  status.clear();
  const isFault = ({ kind }: Finding) => FAULT_KINDS.some((fault) => fault === kind);
  console.log(json ? JSON.stringify(check) : formatCheck(check, isFault, speakers));
  if (check.findings.some((finding) => isFault(finding) && !finding.leftOut))
    process.exitCode = EXIT_STATUS.someFailed;
}

/** Lines of one kind of finding that are printed without --json. */
const SHOWN = 10;

/** The check for people. */
function formatCheck(
  check: CorpusCheck,
  isFault: (finding: Finding) => boolean,
  showSpeakers = false,
): string {
  const { corpus, path, clips, expectedClips, leftOut, durationSec, speakers, sampleRates, findings } = check;
  const ofAll = expectedClips === null || expectedClips === clips ? '' : ` of ${expectedClips}`;
  const rates = Object.entries(sampleRates).map(([rate, count]) => `${count} at ${Number(rate) / 1000} kHz`);
  const lines = [
    `${corpus} in ${path}`,
    `${clips}${ofAll} clips, ${duration(durationSec)}, ${rates.join(', ') || 'none readable'}; ${leftOut} left out of training`,
    '',
    ...formatCounts(check, showSpeakers),
    '',
  ];
  if ('unknown' in speakers) {
    lines.push('Who speaks is not known of all clips: protocols of unseen speakers refuse this corpus.', '');
  }
  if (findings.length === 0) lines.push('No findings.');
  for (const [kind, ofKind] of Map.groupBy(findings, (finding) => finding.kind)) {
    const count = ofKind.length > 1 ? ` (${ofKind.length})` : '';
    const role = isFault(ofKind[0]) ? 'fault' : 'notice';
    lines.push(`${role}: ${kind}${count}`);
    for (const { clips: ids, message, leftOut: isOut } of ofKind.slice(0, SHOWN)) {
      lines.push(`  ${ids.join(' = ')}: ${message}${isOut ? ' [left out]' : ''}`);
    }
    if (ofKind.length > SHOWN) lines.push(`  … and ${ofKind.length - SHOWN} more, all with --json`);
  }
  return lines.join('\n');
}

/** A row per group and a column per emotion; of the speakers the range, unless each is asked for. */
function formatCounts(
  { emotions, channels, genders, speakers }: CorpusCheck,
  showSpeakers: boolean,
): string[] {
  const labels = Object.keys(emotions);
  const perSpeaker = Object.values(speakers);
  const range = (counts: number[]) => {
    const [least, most] = [Math.min(...counts), Math.max(...counts)];
    return least === most ? String(least) : `${least}-${most}`;
  };
  const row = (name: string, tally: Tally): string[] => [
    name,
    String(sum(tally)),
    ...labels.map((label) => String(tally[label])),
  ];
  const rows = [
    ['', 'all', ...labels],
    row('all', emotions),
    ...[channels, genders].flatMap((groups) =>
      Object.entries(groups).map(([name, tally]) => row(name, tally)),
    ),
    [
      `each of ${perSpeaker.length} speakers`,
      range(perSpeaker.map(sum)),
      ...labels.map((label) => range(perSpeaker.map((tally) => tally[label]))),
    ],
    ...(showSpeakers ? Object.entries(speakers).map(([name, tally]) => row(name, tally)) : []),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((cells) => cells[column].length)));
  return rows.map(([name, ...cells]) =>
    [name.padEnd(widths[0]), ...cells.map((cell, index) => cell.padStart(widths[index + 1]))].join('  '),
  );
}

function sum(tally: Tally): number {
  return Object.values(tally).reduce((total, count) => total + count, 0);
}
