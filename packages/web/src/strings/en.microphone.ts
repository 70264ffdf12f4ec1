import type { Processing } from '../audio/microphone.ts';
import type { LevelAdvice } from '../audio/level.ts';
import type { MicrophoneProblem } from '../audio/microphone-problem.ts';

/** What happened, and what to do. */
interface Told {
  readonly title: string;
  readonly advice: string;
}

export const microphone = {
  device: 'Microphone',
  preferred: 'The system’s choice',
  nameless: (number: number) => `Microphone ${number}`,
  level: 'Level',
  asking: 'Your browser is asking whether this page may use the microphone. Allow it there.',
  again: 'Try again',
  cancel: 'Cancel',
  levelAdvice: {
    silent: 'No sound at all arrives. Is the microphone muted, or is it another one you speak into?',
    faint: 'Very quiet. Come closer, or turn the microphone up.',
    good: '',
    loud: 'Too loud: the sound is clipped. Step back, or turn the microphone down.',
  } satisfies Record<LevelAdvice, string>,
  processing: (names: readonly Processing[]) =>
    `This browser does not let its ${names.map((name) => PROCESSING[name]).join(' and ')} be switched off. ` +
    'It changes how a voice sounds, so verdicts may be less sure.',
  problems: {
    insecure: {
      title: 'At this address the browser gives no page a microphone.',
      advice:
        'Open the page on the machine it runs on, as http://localhost and the same port, or by https. Files work here all the same.',
    },
    unsupported: {
      title: 'This browser cannot listen.',
      advice: 'Use a current Firefox, Chrome, Edge or Safari. Files work here all the same.',
    },
    denied: {
      title: 'The microphone was not allowed.',
      advice:
        'Allow it for this page in the browser’s address bar, and in the system’s privacy settings where there are some; then try again.',
    },
    none: { title: 'No microphone was found.', advice: 'Plug one in or switch it on, then try again.' },
    busy: {
      title: 'The microphone is there, but could not be opened.',
      advice: 'Another program may be using it, such as a call. End that, then try again.',
    },
    gone: {
      title: 'The microphone you chose is not there any more.',
      advice: 'Plug it in again, or try again with another one.',
    },
    unplugged: {
      title: 'The microphone went away.',
      advice: 'What was heard until then is kept. Plug it in again, or go on with another one.',
    },
    stalled: {
      title: 'The microphone is open, but sends nothing.',
      advice: 'What was heard until then is kept. Unplug it and plug it in again, or choose another one.',
    },
    released: {
      title: 'The microphone was released when this page was left.',
      advice: 'What was heard until then is kept. Go on when you like.',
    },
    failed: {
      title: 'The microphone could not be used.',
      advice: 'Try again; if it fails again, choose another microphone or reload the page.',
    },
  } satisfies Record<MicrophoneProblem, Told>,
};

const PROCESSING: Readonly<Record<Processing, string>> = {
  echoCancellation: 'echo cancellation',
  noiseSuppression: 'noise suppression',
  autoGainControl: 'automatic gain',
};
