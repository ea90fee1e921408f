/** The text of a signature verification policy, read as strictly as containers-policy.json(5) wants. */
import { resolve } from 'node:path/posix';
import { messageOf, OcipushError } from '../errors.ts';
import { parseStrictJson } from '../io/strict-json.ts';
import {
  elementsOf,
  entriesOf,
  invalidPart,
  memberPart,
  membersOf,
  unknownMember,
  type PolicyPart,
} from './policy-part.ts';
import { parseRequirement, type PolicyRequirement } from './policy-requirement.ts';

/** All of them must be met; there is at least one. */
export type PolicyRequirements = readonly PolicyRequirement[];

export interface Policy {
  /** Where it was read from. */
  readonly file: string;
  readonly default: PolicyRequirements;
  /** By transport and scope; the scope `''` is for the rest of the transport. */
  readonly transports: ReadonlyMap<string, ReadonlyMap<string, PolicyRequirements>>;
}

const ID = '[0-9a-f]{64}';
const DIGEST = `(?:sha256:${ID}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})`;
const DIGEST_ALONE = new RegExp(`^${DIGEST}$`);
const STORE = String.raw`\[(?:[^@\]]+@/[^\]]*|/[^@\]]*)\]`;
const IMAGE_IN_STORE = new RegExp(`^${STORE}[^@]*(?:@(?:${DIGEST}|${ID})|@${DIGEST}@${ID})?$`);

/** The scopes that a transport may have beside `''`; those of all others may be anything. */
const SCOPES: Readonly<Record<string, (scope: string) => boolean>> = {
  'containers-storage': (scope) => IMAGE_IN_STORE.test(scope),
  dir: isCleanPath,
  'docker-archive': () => false,
  'docker-daemon': (scope) => !DIGEST_ALONE.test(scope),
  oci: isCleanPath,
  'oci-archive': isCleanPath,
};

/**
 * Parses the bytes of a policy; `file` is where they were read from.
 * @throws OcipushError CONFIG_INVALID naming the file and the place in it
 */
export function parsePolicy(bytes: Uint8Array, file: string): Policy {
  try {
    const top = {
      value: parseStrictJson(bytes, 'JSON'),
      place: '',
      path: [],
      text: Buffer.from(bytes).toString(),
    };
    const members = membersOf(top, ['default', 'transports']);
    const fallback = members.get('default');
    if (fallback === undefined) throw invalidPart(top, 'Default policy is missing');
    const transports = entriesOf(members.get('transports') ?? memberPart(top, 'transports', {}));
    return {
      file,
      default: parseRequirements(fallback),
      transports: new Map(transports.map(([name, part]) => [name, parseScopes(name, part)])),
    };
  } catch (error) {
    const message = `invalid policy in ${JSON.stringify(file)}: ${messageOf(error)}`;
    const hint = 'correct it, or name another policy with --signature-policy';
    throw new OcipushError('CONFIG_INVALID', message, { origin: 'config', hint, cause: error });
  }
}

function parseScopes(transport: string, part: PolicyPart): ReadonlyMap<string, PolicyRequirements> {
  const isScope = Object.hasOwn(SCOPES, transport) ? SCOPES[transport] : undefined;
  const scopes = new Map<string, PolicyRequirements>();
  for (const [scope, requirements] of entriesOf(part)) {
    if (scope !== '' && isScope?.(scope) === false) {
      throw unknownMember(part, scope, ': no image has this scope');
    }
    scopes.set(scope, parseRequirements(requirements));
  }
  return scopes;
}

function parseRequirements(part: PolicyPart): PolicyRequirements {
  const elements = elementsOf(part);
  if (elements.length > 0) return elements.map(parseRequirement);
  throw invalidPart(part, 'List of verification policy requirements must not be empty');
}

/** Absolute, without anything that could be left out; the root has the scope `''`. */
function isCleanPath(scope: string): boolean {
  return scope !== '/' && scope === resolve('/', scope);
}
