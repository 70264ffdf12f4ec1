import { MarsError } from '../errors.ts';

/**
 * Returns `value` when it is a number of seconds from `atLeast` to `atMost`.
 *
 * @throws MarsError CONFIG_INVALID naming the option, what came and what is expected.
 */
export function checkSeconds(
  name: string,
  value: number,
  { atLeast, atMost = Infinity, because }: { atLeast: number; atMost?: number; because: string },
): number {
  // A number in a string would pass the comparisons.
  if (typeof value === 'number' && value >= atLeast && value <= atMost) return value;
  const range = atMost === Infinity ? `${atLeast} s or more` : `${atLeast} to ${atMost} s`;
  throw new MarsError('CONFIG_INVALID', `${name} is ${String(value)}; ${range} is expected: ${because}.`);
}
