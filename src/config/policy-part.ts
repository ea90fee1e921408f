/** Parts of a policy, each with the place where a message finds it. */
import { OcipushError } from '../errors.ts';
import { isJsonObject, type JsonObject } from '../io/bounded-json.ts';
import { jsonLine, type JsonPath } from '../io/json-line.ts';
import { typeName } from './secret-json.ts';

export interface PolicyPart {
  readonly value: unknown;
  /** `transports["docker"][""][0].type`; empty for the policy itself. */
  readonly place: string;
  readonly path: JsonPath;
  /** Of the whole policy. */
  readonly text: string;
}

/** The error of a part that is not what it has to be. */
export function invalidPart({ place, path, text }: PolicyPart, problem: string): OcipushError {
  const line = path.length === 0 ? undefined : jsonLine(text, path);
  const where = [
    ...(line === undefined ? [] : [`line ${line}`]),
    ...(place === '' ? [] : [`at ${place}`]),
  ].join(', ');
  return new OcipushError('CONFIG_INVALID', where === '' ? problem : `${where}: ${problem}`);
}

/** The error of a member that may not be there. */
export function unknownMember(part: PolicyPart, name: string, problem = ''): OcipushError {
  const member = { ...part, path: [...part.path, name] };
  return invalidPart(member, `Unknown key ${JSON.stringify(name)}${problem}`);
}

/** @throws OcipushError CONFIG_INVALID when it is no object */
export function objectOf(part: PolicyPart): JsonObject {
  if (!isJsonObject(part.value)) throw wrongType(part, 'an object');
  return part.value;
}

/** The members of an object whose names anybody may choose. @throws OcipushError CONFIG_INVALID */
export function entriesOf(part: PolicyPart): readonly (readonly [string, PolicyPart])[] {
  return Object.entries(objectOf(part)).map(([name, value]) => {
    const place = `${part.place}[${JSON.stringify(name)}]`;
    return [name, { ...part, value, place, path: [...part.path, name] }];
  });
}

/** The members of an object that may have these and no others. @throws OcipushError CONFIG_INVALID */
export function membersOf(
  part: PolicyPart,
  names: readonly string[],
): ReadonlyMap<string, PolicyPart> {
  const members = Object.entries(objectOf(part));
  const unknown = members.find(([name]) => !names.includes(name));
  if (unknown) throw unknownMember(part, unknown[0]);
  return new Map(members.map(([name, value]) => [name, memberPart(part, name, value)]));
}

/** What a member of a known name has, or would have. */
export function memberPart(part: PolicyPart, name: string, value: unknown): PolicyPart {
  const place = part.place === '' ? name : `${part.place}.${name}`;
  return { ...part, value, place, path: [...part.path, name] };
}

/** @throws OcipushError CONFIG_INVALID when it is no array */
export function elementsOf(part: PolicyPart): readonly PolicyPart[] {
  if (!Array.isArray(part.value)) throw wrongType(part, 'an array');
  return part.value.map((value: unknown, index) => {
    return { ...part, value, place: `${part.place}[${index}]`, path: [...part.path, index] };
  });
}

/** @throws OcipushError CONFIG_INVALID when it is no string */
export function textOf(part: PolicyPart): string {
  if (typeof part.value !== 'string') throw wrongType(part, 'a string');
  return part.value;
}

function wrongType(part: PolicyPart, expected: string): OcipushError {
  return invalidPart(part, `expected ${expected}, found ${typeName(part.value)}`);
}
