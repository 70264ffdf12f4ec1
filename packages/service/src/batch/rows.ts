import type { ErrorCode, Segment, Timeline } from '@mars/core';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { Manifest, PlannedRecording } from './manifest.ts';

/** What was heard in a recording: a timeline of it, or of each channel. */
export type HeardTimeline = Timeline | { readonly channels: readonly Timeline[] };

/** A row of the result: a segment, a recording in which nobody speaks, or one with an error. */
export interface SegmentRow {
  /** Of the table that named the recording. */
  readonly id: string | null;
  readonly file: string;
  /** From 1, where the channels were heard each for itself. */
  readonly channel: number | null;
  readonly start_sec: number | null;
  readonly end_sec: number | null;
  /** Of the recording. */
  readonly duration_sec: number | null;
  readonly verdict: Segment['verdict'] | null;
  readonly emotion: string | null;
  readonly confidence: number | null;
  /** One for each label of the model, in its order. */
  readonly scores: readonly number[] | null;
  readonly error_code: ErrorCode | null;
  readonly error_message: string | null;
}

/** The rows of a recording: at least one, whatever is heard in it. */
export function rowsOf(
  { file, id }: PlannedRecording,
  heard: HeardTimeline,
  labels: readonly string[],
): SegmentRow[] {
  if ('channels' in heard) {
    return heard.channels.flatMap((each, index) =>
      rowsOfOne({ id: id ?? null, file, channel: index + 1 }, each, labels),
    );
  }
  return rowsOfOne({ id: id ?? null, file, channel: null }, heard, labels);
}

type Key = Pick<SegmentRow, 'id' | 'file' | 'channel'>;

function rowsOfOne(key: Key, { durationSec, segments }: Timeline, labels: readonly string[]): SegmentRow[] {
  const none = { error_code: null, error_message: null };
  if (segments.length === 0) {
    // As a clip in which nobody speaks: no label is likelier than another.
    return [
      {
        ...key,
        start_sec: 0,
        end_sec: durationSec,
        duration_sec: durationSec,
        verdict: 'no-speech',
        emotion: null,
        confidence: 0,
        scores: labels.map(() => 1 / labels.length),
        ...none,
      },
    ];
  }
  return segments.map(({ startSec, endSec, verdict, emotion, confidence, scores }) => {
    const scoreOf = new Map(scores.map(({ label, score }) => [label, score]));
    return {
      ...key,
      start_sec: startSec,
      end_sec: endSec,
      duration_sec: durationSec,
      verdict,
      emotion,
      confidence,
      scores: labels.map((label) => scoreOf.get(label) ?? 0),
      ...none,
    };
  });
}

/** The row of a recording that could not be heard. */
export function errorRow(
  { file, id }: PlannedRecording,
  { code, message }: { code: ErrorCode; message: string },
): SegmentRow {
  return {
    id: id ?? null,
    file,
    channel: null,
    start_sec: null,
    end_sec: null,
    duration_sec: null,
    verdict: null,
    emotion: null,
    confidence: null,
    scores: null,
    error_code: code,
    error_message: message,
  };
}

/** One JSON object per line, with the names of the Parquet file's columns. */
export function jsonLines(rows: readonly SegmentRow[], labels: readonly string[]): string {
  const lines = rows.map(({ scores, error_code, error_message, ...row }) =>
    JSON.stringify({
      ...row,
      ...Object.fromEntries(labels.map((label, index) => [scoreColumn(label), scores?.[index] ?? null])),
      error_code,
      error_message,
    }),
  );
  return lines.map((line) => `${line}\n`).join('');
}

/** A Parquet file of the rows; it says which model heard them. */
export function parquet(
  rows: readonly SegmentRow[],
  { id, model }: Pick<Manifest, 'id' | 'model'>,
): Uint8Array {
  const text = (name: keyof SegmentRow) => ({
    name,
    type: 'STRING' as const,
    nullable: true,
    data: rows.map((row) => row[name] as string | null),
  });
  const number = (name: keyof SegmentRow, type: 'INT32' | 'FLOAT' | 'DOUBLE') => ({
    name,
    type,
    nullable: true,
    data: rows.map((row) => row[name] as number | null),
  });
  const columnData = [
    text('id'),
    { ...text('file'), nullable: false },
    number('channel', 'INT32'),
    number('start_sec', 'DOUBLE'),
    number('end_sec', 'DOUBLE'),
    number('duration_sec', 'DOUBLE'),
    text('verdict'),
    text('emotion'),
    number('confidence', 'FLOAT'),
    ...model.labels.map((label, index) => ({
      name: scoreColumn(label),
      type: 'FLOAT' as const,
      nullable: true,
      data: rows.map(({ scores }) => scores?.[index] ?? null),
    })),
    text('error_code'),
    text('error_message'),
  ];
  const kvMetadata = [
    { key: 'mars.batch', value: id },
    { key: 'mars.model', value: model.name },
    { key: 'mars.model.sha256', value: model.sha256 },
  ];
  return new Uint8Array(parquetWriteBuffer({ columnData, kvMetadata, rowGroupSize: 100_000 }));
}

function scoreColumn(label: string): string {
  return `score_${label}`;
}
