/** The signature verification policy of this machine, and what it requires of an image. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { OcipushError } from '../errors.ts';
import { readToEnd } from '../io/file-reader.ts';
import { isAbsent, systemCode, systemReason } from '../io/system-error.ts';
import { homeDirectory } from './home.ts';
import { parsePolicy, type Policy, type PolicyRequirements } from './policy-json.ts';

export type { Policy } from './policy-json.ts';

export interface PolicyPlaces {
  /** `--signature-policy`: the only file looked at. */
  readonly path?: string | undefined;
  readonly environment: NodeJS.ProcessEnv;
  /** Where the system's file is looked for, when the user has none. */
  readonly systemDirectory?: string;
}

/** What a policy knows an image by. */
export interface PolicyIdentity {
  /** As in containers-transports(5), without a colon. */
  readonly transport: string;
  /** The most special first: the image itself, and what it belongs to. */
  readonly scopes: readonly string[];
}

const FILE_LIMIT = 4 * 1024 * 1024;
const SYSTEM_DIRECTORY = '/etc/containers';
const FILE_NAME = 'policy.json';

/** The policy of who asks for nothing. */
export const ACCEPT_ANYTHING: Policy = {
  file: 'policy.json',
  default: [{ type: 'insecureAcceptAnything' }],
  transports: new Map(),
};

/**
 * Reads the policy, at most 4 MiB: the file that was named, else the user's, else the system's; it
 * is {@link ACCEPT_ANYTHING} on a machine that has none, where the reference refuses to work.
 * @throws OcipushError CONFIG_INVALID, also for a link that leads nowhere
 */
export async function readPolicy(places: PolicyPlaces): Promise<Policy> {
  const file = places.path || (await findPolicy(places));
  if (file === undefined) return ACCEPT_ANYTHING;
  return parsePolicy(await readPolicyFile(file), file);
}

/**
 * What a policy requires of an image: of all the scopes that the image has, the most special one
 * decides, then the transport, then the default.
 * @returns the requirements, and the place where the policy has them, `transports["oci"][""]`
 */
export function requirementsFor(
  policy: Policy,
  { transport, scopes }: PolicyIdentity,
): { readonly requirements: PolicyRequirements; readonly place: string } {
  const listed = policy.transports.get(transport);
  for (const scope of [...scopes, '']) {
    const requirements = listed?.get(scope);
    if (requirements) return { requirements, place: policyPlace(transport, scope) };
  }
  return { requirements: policy.default, place: 'default' };
}

/** How messages name the requirements for a scope. */
export function policyPlace(transport: string, scope: string): string {
  return `transports[${JSON.stringify(transport)}][${JSON.stringify(scope)}]`;
}

async function findPolicy(places: PolicyPlaces): Promise<string | undefined> {
  const home = homeDirectory(places.environment);
  const user = home === undefined ? undefined : join(home, '.config/containers', FILE_NAME);
  // A home that may not be entered is another user's, and says nothing; as in the reference.
  if (user !== undefined && (await isThere(user, ['EACCES']))) return user;
  const system = join(places.systemDirectory ?? SYSTEM_DIRECTORY, FILE_NAME);
  return (await isThere(system, [])) ? system : undefined;
}

async function isThere(file: string, pardoned: readonly string[]): Promise<boolean> {
  try {
    await lstat(file);
    return true;
  } catch (error) {
    if (isAbsent(error) || pardoned.includes(systemCode(error) ?? '')) return false;
    throw unreadable(file, error);
  }
}

async function readPolicyFile(file: string): Promise<Uint8Array> {
  try {
    return await readToEnd(file, FILE_LIMIT);
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(file: string, cause: unknown): OcipushError {
  const message = `reading the signature policy: open ${file}: ${systemReason(cause)}`;
  const hint = 'make it a file that you may read, or name another one with --signature-policy';
  return new OcipushError('CONFIG_INVALID', message, { origin: 'config', hint, cause });
}
