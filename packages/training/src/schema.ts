import { MarsError } from '@mars/core';
import { z } from 'zod';

/**
 * A value checked against a schema, its defaults filled in.
 *
 * Errors: `CONFIG_INVALID` saying at which path what came and what was expected.
 *
 * @example
 * parseSettings(z.strictObject({ epochs: z.int() }), { epochs: 1.5 }, 'configuration'); // throws
 */
export function parseSettings<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  what: string,
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new MarsError('CONFIG_INVALID', `The ${what} is not right.\n${z.prettifyError(parsed.error)}`, {
    cause: parsed.error,
  });
}
