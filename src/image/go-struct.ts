/** Reads members of JSON objects as Go reads them into a struct: regardless of case, null as nothing. */
import { omitEmpty, type Json } from './json-encoder.ts';
import {
  invalidField,
  optional,
  readBoolean,
  readList,
  readMembers,
  readString,
  type JsonField,
  type JsonMembers,
} from './json-field.ts';
import { foldCase } from './manifest-json.ts';

/** What Go writes for a time that was never set. */
export const ZERO_TIME = '0001-01-01T00:00:00Z';

const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/**
 * The members of an object by their name in any case. Go takes parts of each where one is there
 * twice; here that is an error.
 * @throws OcipushError MANIFEST_INVALID
 */
export function membersAnyCase(field: JsonField): JsonMembers {
  const member = readMembers(field);
  const spellings = new Map<string, readonly [first: string, other?: string]>();
  for (const name of Object.keys(field.value as object)) {
    const [first] = spellings.get(foldCase(name)) ?? [];
    spellings.set(foldCase(name), first === undefined ? [name] : [first, name]);
  }
  return (name) => {
    const [first = name, other] = spellings.get(foldCase(name)) ?? [];
    if (other === undefined) return member(first);
    throw invalidField(member(other), `${JSON.stringify(first)} is there as well`);
  };
}

/** A string with `omitempty`. */
export function text(field: JsonField): string | undefined {
  return omitEmpty(optional(field, readString));
}

/** A slice of strings with `omitempty`. */
export function texts(field: JsonField): readonly string[] | undefined {
  return omitEmpty(optional(field, readTexts));
}

/** A slice of strings; Go leaves an element empty that is null. */
export function readTexts(field: JsonField): readonly string[] {
  return readList(field).map((element) => optional(element, readString) ?? '');
}

/** A boolean with `omitempty`. */
export function flag(field: JsonField): true | undefined {
  return optional(field, readBoolean) === true ? true : undefined;
}

/** `map[string]string`. */
export function readTextMap(field: JsonField): Map<string, Json> {
  const member = readMembers(field);
  const names = Object.keys(field.value as object);
  return new Map(names.map((name) => [name, text(member(name)) ?? '']));
}

/** `map[string]struct{}`: names alone matter. */
export function readNameSet(field: JsonField): Map<string, Json> {
  const member = readMembers(field);
  const names = Object.keys(field.value as object);
  for (const name of names) optional(member(name), readMembers);
  return new Map(names.map((name) => [name, {}]));
}

/**
 * An integer. Go tells 1e3 from 1000 and refuses it, and knows larger ones, which are refused here.
 * @throws OcipushError MANIFEST_INVALID when it is broken or too large to be exact
 */
export function readInteger(field: JsonField): number {
  const { value } = field;
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw invalidField(field, 'expected an integer');
  }
  return value;
}

/**
 * A time of RFC 3339 as Go writes it again: nine digits of a fraction at most, and Z for no offset.
 * @throws OcipushError MANIFEST_INVALID, also for times that Go mends
 */
export function readTime(field: JsonField): string {
  const [, time = '', fraction = '', zone = ''] = RFC3339.exec(readString(field)) ?? [];
  const date = new Date(`${time}Z`);
  // Days that are not there, such as 30 February, would be read as others.
  if (Number.isNaN(date.getTime()) || date.toISOString() !== `${time}.000Z`) {
    throw invalidField(field, 'expected a time as in RFC 3339');
  }
  const digits = fraction.slice(0, 9).replace(/0+$/, '');
  return time + (digits === '' ? '' : `.${digits}`) + (/[1-9]/.test(zone) ? zone : 'Z');
}
