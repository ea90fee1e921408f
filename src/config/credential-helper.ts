/** The protocol of credential helpers: what programs docker-credential-NAME are asked, and answer. */
import { basicCredentials } from './auth-entry.ts';
import type { BasicCredentials, Credentials } from './credentials.ts';
import type { JsonObject } from '../io/bounded-json.ts';
import { programName, runCredentialHelper, type HelperOptions } from './helper-process.ts';
import { memberOf, parseSecretJson } from './secret-json.ts';

export type { HelperOptions } from './helper-process.ts';

/** The name under which docker keeps the credentials of docker.io. */
export const DOCKER_HUB_SERVER = 'https://index.docker.io/v1/';

/**
 * Asks docker-credential-`name` for the credentials of `registry`, `host[:port]`; undefined when it
 * has none.
 * @throws OcipushError CONFIG_INVALID when it cannot be run, fails, or answers nonsense; the
 * signal's reason when that is aborted first
 */
export async function askCredentialHelper(
  name: string,
  registry: string,
  options: HelperOptions,
): Promise<Credentials | undefined> {
  for (const server of namesOf(registry)) {
    const found = await getCredentials(name, server, options);
    if (found) return found;
  }
  return undefined;
}

/**
 * Has docker-credential-`name` keep the credentials of `server`.
 * @throws as {@link askCredentialHelper}
 */
export async function storeInCredentialHelper(
  name: string,
  server: string,
  { user, password }: BasicCredentials,
  options: HelperOptions,
): Promise<void> {
  const entry = { ServerURL: server, Username: user, Secret: password };
  await runCredentialHelper(name, 'store', `${JSON.stringify(entry)}\n`, options);
}

/**
 * Has docker-credential-`name` forget the credentials of `registry`; false when it had none.
 * @throws as {@link askCredentialHelper}
 */
export async function eraseFromCredentialHelper(
  name: string,
  registry: string,
  options: HelperOptions,
): Promise<boolean> {
  let isErased = false;
  for (const server of namesOf(registry)) {
    const answer = await runCredentialHelper(name, 'erase', server, options);
    isErased ||= answer !== undefined;
  }
  return isErased;
}

/**
 * The servers of which docker-credential-`name` has credentials.
 * @throws as {@link askCredentialHelper}
 */
export async function listCredentialHelper(
  name: string,
  options: HelperOptions,
): Promise<readonly string[]> {
  const output = await runCredentialHelper(name, 'list', 'unused', options);
  if (output === undefined) return [];
  const program = programName(name);
  return Object.keys(answerOf(output, `servers from ${program}`, `${program} list`));
}

async function getCredentials(
  name: string,
  server: string,
  options: HelperOptions,
): Promise<Credentials | undefined> {
  const output = await runCredentialHelper(name, 'get', server, options);
  if (output === undefined) return undefined;
  const program = programName(name);
  const command = `echo ${server} | ${program} get`;
  const answer = answerOf(output, `credentials from ${program}`, command);
  const [user, secret] = [memberOf(answer, 'Username'), memberOf(answer, 'Secret')];
  if (typeof user !== 'string' || typeof secret !== 'string') return undefined;
  if (user === '<token>' && secret) return { kind: 'identity-token', token: secret };
  return basicCredentials(user, secret);
}

/** The first JSON object of an answer. `command` lets a person see it. */
function answerOf(output: Uint8Array, what: string, command: string): JsonObject {
  return parseSecretJson(firstObject(output), what, `run "${command}" to see what it answers`);
}

/** What a helper may know a registry by, the usual name first. */
function namesOf(registry: string): readonly string[] {
  return registry === 'docker.io' ? [registry, DOCKER_HUB_SERVER] : [registry];
}

/** The bytes up to the end of the first JSON object: the reference ignores what follows it. */
function firstObject(bytes: Uint8Array): Uint8Array {
  let depth = 0;
  let quoted = false;
  for (let index = 0; index < bytes.length; index += 1) {
    const char = String.fromCharCode(bytes[index] ?? 0);
    if (quoted && char === '\\') index += 1;
    else if (char === '"') quoted = !quoted;
    else if (!quoted && char === '{') depth += 1;
    else if (!quoted && char === '}') {
      depth -= 1;
      if (depth === 0) return bytes.subarray(0, index + 1);
    }
  }
  return bytes;
}
