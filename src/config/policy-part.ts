/** Parts of a policy, each with the place where a message finds it. */
import { OcipushError } from '../errors.ts';
import { isJsonObject, type JsonObject } from '../io/bounded-json.ts';
import { typeName } from './secret-json.ts';

export interface PolicyPart {
  readonly value: unknown;
  /** `transports["docker"][""][0].type`; empty for the policy itself. */
  readonly place: string;
}

/** The error of a part that is not what it has to be. */
export function invalidPart({ place }: PolicyPart, problem: string): OcipushError {
  return new OcipushError('CONFIG_INVALID', place === '' ? problem : `${place}: ${problem}`);
}

/** @throws OcipushError CONFIG_INVALID when it is no object */
export function objectOf(part: PolicyPart): JsonObject {
  if (!isJsonObject(part.value)) throw wrongType(part, 'an object');
  return part.value;
}

/** The members of an object whose names anybody may choose. @throws OcipushError CONFIG_INVALID */
export function entriesOf(part: PolicyPart): readonly (readonly [string, PolicyPart])[] {
  return Object.entries(objectOf(part)).map(([name, value]) => [
    name,
    { value, place: `${part.place}[${JSON.stringify(name)}]` },
  ]);
}

/** The members of an object that may have these and no others. @throws OcipushError CONFIG_INVALID */
export function membersOf(
  part: PolicyPart,
  names: readonly string[],
): ReadonlyMap<string, PolicyPart> {
  const members = Object.entries(objectOf(part));
  const unknown = members.find(([name]) => !names.includes(name));
  if (unknown) throw invalidPart(part, `Unknown key ${JSON.stringify(unknown[0])}`);
  const prefix = part.place === '' ? '' : `${part.place}.`;
  return new Map(members.map(([name, value]) => [name, { value, place: prefix + name }]));
}

/** @throws OcipushError CONFIG_INVALID when it is no array */
export function elementsOf(part: PolicyPart): readonly PolicyPart[] {
  const { value, place } = part;
  if (!Array.isArray(value)) throw wrongType(part, 'an array');
  return value.map((element: unknown, index) => ({ value: element, place: `${place}[${index}]` }));
}

/** @throws OcipushError CONFIG_INVALID when it is no string */
export function textOf(part: PolicyPart): string {
  if (typeof part.value !== 'string') throw wrongType(part, 'a string');
  return part.value;
}

function wrongType(part: PolicyPart, expected: string): OcipushError {
  return invalidPart(part, `expected ${expected}, found ${typeName(part.value)}`);
}
