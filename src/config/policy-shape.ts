/** What the objects in a policy may hold, and how that is checked. */
import { messageOf } from '../errors.ts';
import { parseDockerReference } from '../image/docker-reference.ts';
import {
  elementsOf,
  invalidPart,
  membersOf,
  objectOf,
  memberPart,
  textOf,
  type PolicyPart,
} from './policy-part.ts';

/** @throws OcipushError CONFIG_INVALID */
type Check = (part: PolicyPart) => void;

/** What is wrong with an object that has members of certain names; undefined when nothing is. */
type Rule = (has: (name: string) => boolean) => string | undefined;

export interface Shape {
  readonly members: Readonly<Record<string, Check>>;
  readonly rules?: readonly Rule[];
}

/** The host of a registry and what may stand below it; the reference is as lenient. */
const NAME_PREFIX = /^[\w.-]+(?::\d+)?(?:\/[a-z0-9._/-]+)?$/;

/** @throws OcipushError CONFIG_INVALID when the object has other members, or does not keep a rule */
export function checkShape(part: PolicyPart, { members, rules = [] }: Shape): void {
  const found = membersOf(part, Object.keys(members));
  for (const [name, member] of found) members[name]?.(member);
  for (const rule of rules) {
    const problem = rule((name) => found.has(name));
    if (problem !== undefined) throw invalidPart(part, problem);
  }
}

/** The shape that `type` stands for, of which it is a member; undefined when it stands for none. */
export function shapeOfType(
  part: PolicyPart,
  shapes: Readonly<Record<string, Shape>>,
): { readonly type: string; readonly shape: Shape | undefined } {
  const { type = '' } = objectOf(part);
  const name = textOf(memberPart(part, 'type', type));
  const shape = Object.hasOwn(shapes, name) ? shapes[name] : undefined;
  return { type: name, shape: shape && { ...shape, members: { ...shape.members, type: isText } } };
}

export function oneOf(...names: readonly string[]): Rule {
  return (has) =>
    names.filter(has).length === 1 ? undefined : `there must be one of ${names.join(', ')}`;
}

export function atLeastOneOf(...names: readonly string[]): Rule {
  return (has) => (names.some(has) ? undefined : `there must be any of ${names.join(', ')}`);
}

export function atMostOneOf(...names: readonly string[]): Rule {
  return (has) =>
    names.filter(has).length <= 1 ? undefined : `there may be only one of ${names.join(', ')}`;
}

export function isText(part: PolicyPart): void {
  textOf(part);
}

export function isFilled(part: PolicyPart): void {
  if (textOf(part) === '') throw invalidPart(part, 'must not be empty');
}

/** Any of these texts. */
export function isAnyOf(...texts: readonly string[]): Check {
  return (part) => {
    const text = textOf(part);
    if (!texts.includes(text)) {
      throw invalidPart(part, `${JSON.stringify(text)} is none of ${texts.join(', ')}`);
    }
  };
}

export function isBase64(part: PolicyPart): void {
  const text = textOf(part).replaceAll(/[\r\n]/g, '');
  if (text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)) return;
  throw invalidPart(part, 'expected text in base64');
}

export function isListOf(check: Check): Check {
  return (part) => elementsOf(part).forEach(check);
}

/** A list that is not empty. */
export function isSomeOf(check: Check): Check {
  return (part) => {
    if (elementsOf(part).length === 0) throw invalidPart(part, 'must not be empty');
    elementsOf(part).forEach(check);
  };
}

/** The name of a repository, with or without tag and digest. */
export function isName(part: PolicyPart): void {
  nameOf(part);
}

/** A name with a tag or a digest. */
export function isFullName(part: PolicyPart): void {
  const { tag, digest } = nameOf(part);
  if (tag === undefined && digest === undefined) {
    throw invalidPart(part, 'it has neither a tag nor a digest');
  }
}

export function isNamePrefix(part: PolicyPart): void {
  if (!NAME_PREFIX.test(textOf(part))) throw invalidPart(part, 'expected a registry or repository');
}

function nameOf(part: PolicyPart): ReturnType<typeof parseDockerReference> {
  const text = textOf(part);
  try {
    return parseDockerReference(text);
  } catch (error) {
    throw invalidPart(part, messageOf(error));
  }
}
