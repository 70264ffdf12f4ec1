import { HTTP_STATUS } from '@mars/service';
import type { Call } from './calls.ts';
import { OPCODES, readFrames } from './websocket-frames.ts';

/** What came of a call, and what is wrong with it. */
export interface Answer {
  readonly outcome: string;
  readonly faults: readonly string[];
  /** Whether the first answer is there to its end. */
  readonly isWhole: boolean;
}

const STATUSES = new Set([
  100,
  101,
  200,
  204,
  206,
  301,
  302,
  304,
  404,
  417,
  426,
  ...Object.values(HTTP_STATUS),
]);

/** Reads what a service sent on one connection. */
export function readAnswer(received: Buffer, call: Call): Answer {
  const { kind, ending } = call;
  if (received.length === 0) return { outcome: `${kind}: closed`, faults: [], isWhole: false };
  const end = received.indexOf('\r\n\r\n');
  const head = received.subarray(0, end < 0 ? undefined : end).toString('latin1');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
  if (end < 0) return { outcome: `${kind}: cut off`, faults: [], isWhole: false };
  const rest = received.subarray(end + 4);
  if (status === 100) return readAnswer(rest, call);
  if (status === 101) return readSession(rest, ending);
  const faults =
    STATUSES.has(status) && status !== 500 ? [] : [`status ${status}: ${rest.toString().slice(0, 500)}`];
  // The answer to HEAD tells the length of what it does not hold.
  const isHead = Buffer.concat(call.pieces).subarray(0, 5).toString() === 'HEAD ';
  const body = isHead ? '' : bodyOf(head, rest);
  let code = '';
  if (
    status >= 400 &&
    body !== undefined &&
    body.length > 0 &&
    /^content-type: application\/json/im.test(head)
  ) {
    ({ code = '' } = (JSON.parse(body) as { error?: { code?: string } }).error ?? {});
    if (code === '') faults.push(`an error without a code: ${body.slice(0, 500)}`);
  }
  return { outcome: `${kind}: ${status} ${code}`, faults, isWhole: body !== undefined };
}

/** The body behind a head: undefined as long as it is not whole; one that does not say where it ends is taken for empty. */
export function bodyOf(head: string, rest: Buffer): string | undefined {
  const length = /^content-length: (\d+)/im.exec(head)?.[1];
  if (length !== undefined)
    return rest.length < Number(length) ? undefined : rest.toString('utf8', 0, Number(length));
  if (!/^transfer-encoding: chunked/im.test(head)) return '';
  return rest.includes('\r\n0\r\n\r\n') || rest.indexOf('0\r\n\r\n') === 0 ? '' : undefined;
}

/** A session says why it ends, last of all, unless its caller has gone. */
function readSession(bytes: Buffer, ending: Call['ending']): Answer {
  const frames = readFrames(bytes);
  const isWhole = frames?.some(({ opcode }) => opcode === OPCODES.close) ?? false;
  const answer = (outcome: string, ...faults: string[]) => ({
    outcome: `websocket: ${outcome}`,
    faults,
    isWhole,
  });
  if (!frames)
    return ending === 'hang up' ? answer('cut off') : answer('broken', 'what the service sent are no frames');
  const messages = frames
    .filter(({ opcode }) => opcode === OPCODES.text)
    .map(
      ({ payload }) =>
        JSON.parse(payload.toString()) as { type: string; reason?: string; error?: { code: string } },
    );
  const faults: string[] = [];
  const failed = messages.find(({ type }) => type === 'error');
  if (failed && ['INTERNAL', 'WORKER_LOST'].includes(failed.error!.code)) faults.push(JSON.stringify(failed));
  const closed = messages.findIndex(({ type }) => type === 'session.closed');
  if (closed >= 0 && closed < messages.length - 1) faults.push('something was said after session.closed');
  if (messages.length > 0 && messages[0].type !== 'session.created' && !failed) {
    faults.push(`the session began with ${messages[0].type}`);
  }
  if (closed < 0) return answer(ending === 'wait' ? 'closed by the caller' : 'gone', ...faults);
  return answer(`${messages[closed].reason} ${failed?.error?.code ?? ''}`, ...faults);
}
