import { readFile } from 'node:fs/promises';
import { fileError, MarsError, Profile, type Recogniser, type VoiceOptions } from '@mars/core';
import { Option } from 'commander';
import { seconds } from './numbers.ts';

/** What commander makes of the options that say how to listen, named as on the command line. */
export interface ListeningFlags {
  profile?: string;
  oneSpeaker?: boolean;
  window?: number;
  hop?: number;
  minSilence?: number;
}

/** What core takes for them. */
export type Listening = VoiceOptions &
  Readonly<{ windowSec?: number; hopSec?: number; minSilenceSec?: number }>;

/** `--profile`: for whatever classifies. */
export function profileOption(): Option {
  return new Option('--profile <file>', 'what "mars calibrate" learnt of the person who speaks');
}

/** `--one-speaker` and the lengths of windows and pauses: for whatever listens to more than a clip. */
export function listeningOptions(): Option[] {
  return [
    new Option('--one-speaker', 'a single person speaks: what is heard of the voice helps with what follows'),
    new Option(
      '--window <seconds>',
      "long utterances are measured in windows of this length (default: the model's)",
    ).argParser(seconds),
    new Option('--hop <seconds>', 'from window to window (default: half a window)').argParser(seconds),
    new Option('--min-silence <seconds>', 'the pause that ends an utterance (default: 0.4)').argParser(
      seconds,
    ),
  ];
}

/**
 * Reads the profile, and asks the recogniser whether it takes all this: what it does not take is wrong for every
 * recording, and is said before the first.
 *
 * @throws MarsError `CONFIG_INVALID`, `PROFILE_INVALID`, `MODEL_INVALID`, or those of a file that cannot be read
 */
export async function prepareListening(
  recogniser: Recogniser,
  { profile: path, oneSpeaker, window, hop, minSilence }: ListeningFlags,
): Promise<Listening> {
  const listening = {
    ...(path !== undefined && { profile: await readProfile(path) }),
    ...(oneSpeaker && { oneSpeaker }),
    ...(window !== undefined && { windowSec: window }),
    ...(hop !== undefined && { hopSec: hop }),
    ...(minSilence !== undefined && { minSilenceSec: minSilence }),
  };
  // A stream checks its options when it is made, and costs nothing until something is pushed.
  recogniser.stream({ sampleRate: recogniser.metadata.sampleRate, ...listening });
  return listening;
}

async function readProfile(path: string): Promise<Profile> {
  try {
    return Profile.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    const { code, message } =
      error instanceof SyntaxError
        ? new MarsError('PROFILE_INVALID', 'This is no JSON. Give a file that "mars calibrate" wrote.')
        : error instanceof MarsError
          ? error
          : fileError(error);
    throw new MarsError(code, `--profile ${path}: ${message}`, { cause: error });
  }
}
