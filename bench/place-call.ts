import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '@mars/autograd/random';
import { readAnswer } from './answers.ts';
import type { Call } from './calls.ts';

/** How a call went: what it came to, and what is wrong with that. */
export interface Outcome {
  readonly outcome: string;
  readonly faults: readonly string[];
}

/** Sends a call piece by piece, and reads until the connection is closed, or answered as far as it will be. */
export function placeCall(
  call: Call,
  { port, deadlineMs }: { readonly port: number; readonly deadlineMs: number },
  random: Random,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const received: Buffer[] = [];
    const end = (...faults: string[]) => {
      clearTimeout(deadline);
      socket.destroy();
      const answer = readAnswer(Buffer.concat(received), call);
      resolve({ outcome: answer.outcome, faults: [...answer.faults, ...faults] });
    };
    const deadline = setTimeout(() => end(`no end within ${deadlineMs / 1000} s`), deadlineMs);
    socket.on('data', (bytes) => {
      received.push(bytes);
      // Connections are kept open between requests, but not by these callers.
      if (readAnswer(Buffer.concat(received), call).isWhole) end();
    });
    socket.on('error', () => undefined);
    socket.once('close', () => end());
    const send = async (): Promise<void> => {
      for (const piece of call.pieces) {
        if (socket.destroyed || !socket.writable) return;
        socket.write(piece);
        await (random.integer(8) === 0
          ? sleep(random.integer(20))
          : new Promise((next) => setImmediate(next)));
      }
      if (call.ending === 'hang up') socket.destroy();
      else if (call.ending === 'end') socket.end();
    };
    socket.once('connect', () => void send());
  });
}
