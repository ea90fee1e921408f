/** Reads typed values out of a JSON document whose every fault must be named by its place. */
import { isJsonObject } from '../io/bounded-json.ts';
import { messageOf, OcipushError } from '../errors.ts';
import { parseDigest, type Digest } from './digest.ts';

/** A value of a document, and where it stands there. */
export interface JsonField {
  readonly value: unknown;
  /** What the document is, for the message: `manifest`. */
  readonly document: string;
  /** `layers[2].size`; empty for the document itself. */
  readonly path: string;
}

/** The members of an object by their name; those that are not there have the value undefined. */
export type JsonMembers = (name: string) => JsonField;

/** The error of a field that is not what it has to be. */
export function invalidField(field: JsonField, problem: string, cause?: unknown): OcipushError {
  const place = field.path === '' ? field.document : `${field.document}: ${field.path}`;
  return new OcipushError('MANIFEST_INVALID', `parsing ${place}: ${problem}`, { cause });
}

/** @throws OcipushError MANIFEST_INVALID when it is no object */
export function readMembers(field: JsonField): JsonMembers {
  const { value, document, path } = field;
  if (!isJsonObject(value)) throw invalidField(field, 'expected an object');
  return (name) => ({ value: value[name], document, path: path === '' ? name : `${path}.${name}` });
}

/**
 * The elements of an array. Go writes an empty slice as null, so null has no elements.
 * @throws OcipushError MANIFEST_INVALID when it is no array
 */
export function readList(field: JsonField): readonly JsonField[] {
  const { value, document, path } = field;
  if (value === null) return [];
  if (!Array.isArray(value)) throw invalidField(field, 'expected an array');
  return value.map((element: unknown, index) => ({
    value: element,
    document,
    path: `${path}[${index}]`,
  }));
}

/** @throws OcipushError MANIFEST_INVALID when it is no string */
export function readString(field: JsonField): string {
  if (typeof field.value !== 'string') throw invalidField(field, 'expected a string');
  return field.value;
}

/** @throws OcipushError MANIFEST_INVALID when it is no boolean */
export function readBoolean(field: JsonField): boolean {
  if (typeof field.value !== 'boolean') throw invalidField(field, 'expected true or false');
  return field.value;
}

/**
 * A number of bytes.
 * @throws OcipushError MANIFEST_INVALID when it is negative, broken or too large to be exact
 */
export function readSize(field: JsonField): number {
  const { value } = field;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw invalidField(field, 'expected a number of bytes');
  }
  return value;
}

/** @throws OcipushError MANIFEST_INVALID when it is no digest */
export function readDigest(field: JsonField): Digest {
  const text = readString(field);
  try {
    return parseDigest(text);
  } catch (error) {
    throw invalidField(field, messageOf(error), error);
  }
}

/** @throws OcipushError MANIFEST_INVALID when it is no array of strings */
export function readStrings(field: JsonField): readonly string[] {
  return readList(field).map(readString);
}

/** @throws OcipushError MANIFEST_INVALID when it is no object of strings */
export function readStringMap(field: JsonField): Readonly<Record<string, string>> {
  const member = readMembers(field);
  return Object.fromEntries(
    Object.keys(field.value as object).map((name) => [name, readString(member(name))]),
  );
}

/** What `read` makes of the field; undefined when it is not there, which null means too. */
export function optional<T>(field: JsonField, read: (field: JsonField) => T): T | undefined {
  return field.value === undefined || field.value === null ? undefined : read(field);
}

/** The object without the members that are undefined. */
export function withoutUndefined<T extends object>(members: {
  [Name in keyof T]: object extends Pick<T, Name> ? T[Name] | undefined : T[Name];
}): T {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined),
  ) as T;
}
