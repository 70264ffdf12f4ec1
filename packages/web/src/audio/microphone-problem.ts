/**
 * Why there is no sound from a microphone, as the page tells it (`words.microphone.problems`).
 *
 * `insecure`: the address is neither https nor this machine; `unsupported`: the browser has no microphone or worklet;
 * `denied`: by the person, the browser or the system; `none`: no microphone is there; `busy`: another program has it;
 * `gone`: the one that was chosen is not there any more; `unplugged`: it went away while it was open; `stalled`: it is
 * open and sends nothing; `released`: the page was left; `failed`: anything else.
 */
export const MICROPHONE_PROBLEMS = [
  'insecure',
  'unsupported',
  'denied',
  'none',
  'busy',
  'gone',
  'unplugged',
  'stalled',
  'released',
  'failed',
] as const;

export type MicrophoneProblem = (typeof MICROPHONE_PROBLEMS)[number];

export class MicrophoneError extends Error {
  readonly problem: MicrophoneProblem;

  constructor(problem: MicrophoneProblem, options?: ErrorOptions) {
    super(`microphone: ${problem}`, options);
    this.name = 'MicrophoneError';
    this.problem = problem;
  }
}

/** Names that browsers give their errors, old ones included (W3C Media Capture and Streams, § 10.3). */
const BY_NAME: Readonly<Record<string, MicrophoneProblem>> = {
  NotAllowedError: 'denied',
  PermissionDeniedError: 'denied',
  SecurityError: 'denied',
  NotFoundError: 'none',
  DevicesNotFoundError: 'none',
  NotReadableError: 'busy',
  TrackStartError: 'busy',
  AbortError: 'busy',
  OverconstrainedError: 'gone',
};

/**
 * What a rejection of `getUserMedia`, or of what follows it, means.
 *
 * @example
 * problemOf(new DOMException('Permission denied', 'NotAllowedError')); // 'denied'
 */
export function problemOf(error: unknown): MicrophoneProblem {
  if (error instanceof MicrophoneError) return error.problem;
  const name = error instanceof Error ? error.name : '';
  return BY_NAME[name] ?? 'failed';
}
