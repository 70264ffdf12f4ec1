import type { FastifyBaseLogger, FastifyServerOptions } from 'fastify';
import type { Answered } from './observation.ts';

export const LOG_LEVELS = ['info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogOptions {
  /** `info` (the default): every request; `warn`: what went wrong at ours; `silent`: nothing. */
  readonly level?: LogLevel;
  /** Where the lines go (stderr). */
  readonly write?: (line: string) => void;
}

/**
 * A JSON object per line. What callers say is not in it: no audio, no names of files, no keys, no addresses, and of a URL
 * the route only.
 */
export function logger({
  level = 'info',
  write = (line) => process.stderr.write(line),
}: LogOptions): NonNullable<FastifyServerOptions['logger']> {
  return {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    // What the server's libraries would write of requests on their own.
    serializers: { req: () => ({}), res: () => ({}) },
    stream: { write },
  };
}

export function logAnswered(
  log: FastifyBaseLogger,
  { method, route, status, seconds, code }: Answered,
  keyId: string | undefined,
): void {
  const line = { method, route, status, duration_ms: Math.round(1000 * seconds), code, key_id: keyId };
  if (status >= 500) log.warn(line, 'answered');
  else log.info(line, 'answered');
}
