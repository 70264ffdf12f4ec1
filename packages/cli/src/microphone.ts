import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { MarsError } from '@mars/core';
import type { PcmLayout } from './pcm.ts';

/** What every recorder is asked for. */
export const MICROPHONE: PcmLayout & { readonly sampleRate: number } = {
  sampleRate: 16_000,
  format: 's16le',
  channels: 1,
};

/** A program that writes raw samples of the default microphone to stdout. */
interface Recorder {
  readonly command: string;
  readonly args: readonly string[];
}

const SOX_FORMAT = [
  '-q',
  '-t',
  'raw',
  '-e',
  'signed-integer',
  '-b',
  '16',
  '-L',
  '-r',
  '16000',
  '-c',
  '1',
  '-',
];

/** Those of the system first: they know its default microphone. `ffmpeg` comes last, where it can be told one. */
const RECORDERS: readonly Recorder[] = [
  { command: 'arecord', args: ['-q', '-t', 'raw', '-f', 'S16_LE', '-r', '16000', '-c', '1'] },
  { command: 'parecord', args: ['--raw', '--format=s16le', '--rate=16000', '--channels=1'] },
  { command: 'pw-record', args: ['--raw', '--format=s16', '--rate=16000', '--channels=1', '-'] },
  { command: 'rec', args: SOX_FORMAT },
  { command: 'sox', args: ['-d', ...SOX_FORMAT] },
];

const INSTALL: Readonly<Partial<Record<NodeJS.Platform, string>>> = {
  linux: 'apt install alsa-utils (or pulseaudio-utils, sox)',
  darwin: 'brew install sox',
  win32: 'winget install ffmpeg',
};

/**
 * The samples of the default microphone, laid out as {@link MICROPHONE} says, by the first of the system's recorders
 * that delivers any; until `signal` aborts.
 *
 * @param onStart is told the recorder's name when its first samples come
 * @throws MarsError `RECORDER_FAILED` when no recorder is found, when none delivers anything, or when it fails later
 */
export async function* recordMicrophone({
  signal,
  onStart,
}: {
  signal: AbortSignal;
  onStart?: (recorder: string) => void;
}): AsyncGenerator<Uint8Array, void, undefined> {
  const failures: string[] = [];
  for (const recorder of [...RECORDERS, ...(await ffmpeg())]) {
    let isRecording = false;
    try {
      for await (const piece of record(recorder, signal)) {
        if (!isRecording) onStart?.(recorder.command);
        isRecording = true;
        yield piece;
      }
    } catch (error) {
      if (isRecording || !(error instanceof MarsError)) throw error;
      failures.push(error.message);
    }
    if (isRecording || signal.aborted) return;
  }
  throw noRecorder(failures);
}

/**
 * What one recorder writes; nothing at all where it is not installed.
 *
 * @throws MarsError `RECORDER_FAILED` with its name and what it said
 */
async function* record(
  { command, args }: Recorder,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  // In a group of its own, Ctrl-C reaches MARS first, which then ends the recorder.
  const detached = process.platform !== 'win32';
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached });
  const stop = () => void child.kill();
  try {
    await once(child, 'spawn');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw failed(command, (error as Error).message);
  }
  const closed = once(child, 'close') as Promise<[code: number | null]>;
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)));
  signal.addEventListener('abort', stop);
  let isEmpty = true;
  try {
    if (signal.aborted) return;
    for await (const piece of child.stdout as AsyncIterable<Uint8Array>) {
      isEmpty = false;
      yield piece;
    }
    const [code] = await closed;
    if (signal.aborted || (code === 0 && !isEmpty)) return;
    throw failed(command, said.trimEnd().split('\n').at(-1) || `it ended with status ${code}`);
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}

async function ffmpeg(): Promise<Recorder[]> {
  const input = await ffmpegInput();
  if (input === undefined) return [];
  const quiet = ['-hide_banner', '-loglevel', 'error', '-nostdin'];
  const output = ['-f', 's16le', '-ar', '16000', '-ac', '1', '-'];
  return [{ command: 'ffmpeg', args: [...quiet, ...input, ...output] }];
}

async function ffmpegInput(): Promise<string[] | undefined> {
  if (process.platform === 'linux') return ['-f', 'alsa', '-i', 'default'];
  if (process.platform === 'darwin') return ['-f', 'avfoundation', '-i', ':default'];
  if (process.platform !== 'win32') return undefined;
  // DirectShow has no name for its default: the first of its list is taken.
  const list = ['-hide_banner', '-list_devices', 'true', '-f', 'dshow', '-i', 'dummy'];
  const listing = await new Promise<string>((resolve) => {
    execFile('ffmpeg', list, (_, __, stderr) => resolve(stderr));
  });
  const device = /"([^"]+)" \(audio\)/.exec(listing)?.[1];
  return device === undefined ? undefined : ['-f', 'dshow', '-i', `audio=${device}`];
}

function failed(command: string, reason: string): MarsError {
  return new MarsError('RECORDER_FAILED', `The recorder ${command} failed: ${reason}`);
}

function noRecorder(failures: readonly string[]): MarsError {
  const otherwise =
    'Or pipe raw samples in: ffmpeg -i SOURCE -f s16le -ar 16000 -ac 1 - | mars listen --stdin';
  if (failures.length > 0) {
    return new MarsError(
      'RECORDER_FAILED',
      `${failures.join('. ')}. Check that a microphone is plugged in and allowed. ${otherwise}`,
    );
  }
  const looked = [...RECORDERS.map(({ command }) => command), 'ffmpeg'].join(', ');
  return new MarsError(
    'RECORDER_FAILED',
    `No recorder is installed: ${looked} were looked for. Install one: ${INSTALL[process.platform] ?? 'sox'}. ${otherwise}`,
  );
}
