/** JSON from outside, whose bytes were bounded where they were read; errors name what it is. */
import { messageOf, OcipushError } from '../errors.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Parses bytes that must be a JSON object in UTF-8. `what` names them in the message.
 * @throws OcipushError JSON_INVALID
 */
export function parseJsonObject(bytes: Uint8Array, what: string): JsonObject {
  const value = parseJson(bytes, what);
  if (!isJsonObject(value)) {
    throw new OcipushError('JSON_INVALID', `parsing ${what}: expected a JSON object`);
  }
  return value;
}

/**
 * Parses bytes that must be JSON in UTF-8.
 * @throws OcipushError JSON_INVALID
 */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    throw new OcipushError('JSON_INVALID', `parsing ${what}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What stands below these names, one inside the other; undefined when it is not there. */
export function memberAt(value: unknown, ...names: readonly string[]): unknown {
  return names.reduce<unknown>(
    (inside, name) => (isJsonObject(inside) ? inside[name] : undefined),
    value,
  );
}
