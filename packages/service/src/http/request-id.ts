import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Short, and nothing in it that could end a line of a log or a header. */
const SANE = /^[\w.:-]{1,64}$/;

/** The id that a caller gives its request, if it is a sane one, or a new one. */
export function requestId({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const { 'x-request-id': given } = headers;
  return typeof given === 'string' && SANE.test(given) ? given : randomUUID();
}
