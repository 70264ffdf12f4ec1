import { failure, type Outcome, type Report } from './output/outcome.ts';
import { print } from './output/print.ts';
import { statusLine } from './progress.ts';
import type { Recording } from './recordings.ts';

/**
 * Asks about one recording after the other and reports what comes of it; returns how many failed.
 *
 * @param ask is given a way to `show` how far it is, where stderr is a terminal
 */
export async function workOff<Heard>(
  recordings: readonly Recording[],
  report: Report<Heard>,
  ask: (file: string, show: (progress: string) => void) => Promise<Heard>,
  onOutcome?: (outcome: Outcome<Heard>) => void,
): Promise<number> {
  const status = statusLine();
  let failed = 0;
  for (const line of report.header) await print(line);
  for (const [index, recording] of recordings.entries()) {
    const { file } = recording;
    const place = recordings.length > 1 ? `[${index + 1}/${recordings.length}] ${file}` : file;
    if (recordings.length > 1) status.show(place);
    const outcome = await outcomeOf(recording, () =>
      ask(file, (progress) => status.show(`${place}  ${progress}`)),
    );
    status.clear();
    if ('error' in outcome) failed++;
    onOutcome?.(outcome);
    for (const line of report.lines(outcome)) await print(line);
  }
  return failed;
}

async function outcomeOf<Heard>(recording: Recording, ask: () => Promise<Heard>): Promise<Outcome<Heard>> {
  const { file } = recording;
  try {
    if ('error' in recording) throw recording.error;
    return { file, ...(await ask()) };
  } catch (error) {
    return failure(file, error);
  }
}
