import { MarsError } from '@mars/core';
import { z } from 'zod';

/**
 * Checks what came against a schema.
 *
 * @param what how the whole is called in messages, such as "config"
 * @throws MarsError `CONFIG_INVALID` naming the fields and what was expected; of unknown fields, those that there are
 */
export function checked<Schema extends z.ZodObject>(
  schema: Schema,
  value: unknown,
  what: string,
): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const expected = Object.keys(schema.shape).join(', ');
  const wrong = parsed.error.issues.slice(0, 5).map((issue) => {
    if (issue.code !== 'unrecognized_keys') return `${[what, ...issue.path].join('.')}: ${issue.message}`;
    const names = issue.keys.slice(0, 5).map((key) => JSON.stringify(key.slice(0, 50)));
    return `${what} has the unknown field ${names.join(', ')}; expected are ${expected}`;
  });
  throw new MarsError('CONFIG_INVALID', `${wrong.join('. ')}.`);
}

/** Parses a text of JSON that should hold an object. */
export function parsedJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new MarsError(
      'REQUEST_INVALID',
      `${what} is not JSON (${(cause as Error).message.slice(0, 100)}); an object such as {"timeline": true} was expected.`,
      { cause },
    );
  }
}

/** The fields of a query, as the types that a schema has for them: "true" is true, "3" is 3; the rest stays as it is. */
export function fromQuery(
  schema: z.ZodObject,
  query: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(query).map(([name, value]) => {
      // "constructor" is no field, though every object has one.
      const field = Object.hasOwn(schema.shape, name)
        ? (schema.shape[name] as z.ZodOptional<z.ZodType>)
        : undefined;
      const type = field?.unwrap().def.type;
      if (type === 'boolean' && (value === 'true' || value === 'false')) return [name, value === 'true'];
      if (type === 'number' && typeof value === 'string' && /^-?[\d.]+$/.test(value))
        return [name, Number(value)];
      return [name, value];
    }),
  );
}
