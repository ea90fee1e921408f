/** JSON that may hold secrets: a fault is named by its position, never by the text around it. */
import { isUtf8 } from 'node:buffer';
import { isJsonObject, type JsonObject } from '../io/bounded-json.ts';
import { jsonFault } from '../io/json-fault.ts';
import { OcipushError } from '../errors.ts';

/**
 * Parses bytes that must be a JSON object in UTF-8. `what` names them in the message, `hint` says
 * what the user can do about them.
 * @throws OcipushError CONFIG_INVALID, without a cause because V8's messages quote the text
 */
export function parseSecretJson(bytes: Uint8Array, what: string, hint: string): JsonObject {
  const value = parse(bytes);
  if ('fault' in value) {
    const message = `reading ${what}: ${value.fault}`;
    throw new OcipushError('CONFIG_INVALID', message, { origin: 'config', hint });
  }
  return value.object;
}

/**
 * A member by its name in any case: the reference and docker read their files that way, so what
 * other tools wrote with capitals works there. The exact name goes first.
 */
export function memberOf(object: JsonObject, name: string): unknown {
  return object[memberName(object, name)];
}

/** The name under which {@link memberOf} finds a member; the exact one when there is none. */
export function memberName(object: JsonObject, name: string): string {
  if (Object.hasOwn(object, name)) return name;
  return Object.keys(object).find((other) => other.toLowerCase() === name.toLowerCase()) ?? name;
}

/** The JSON type of a value, with its article, for messages. */
export function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function parse(bytes: Uint8Array): { object: JsonObject } | { fault: string } {
  if (!isUtf8(bytes)) return { fault: 'not UTF-8 text' };
  const text = new TextDecoder().decode(bytes);
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value)) return { object: value };
    return { fault: `expected an object, found ${typeName(value)}` };
  } catch (error) {
    return { fault: jsonFault(text, error) };
  }
}
