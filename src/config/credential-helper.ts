/** The protocol of credential helpers: a program docker-credential-NAME that is asked to `get`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { collect, MIB } from '../io/bytes.ts';
import { OcipushError } from '../errors.ts';
import { basicCredentials } from './auth-entry.ts';
import type { Credentials } from './credentials.ts';
import { memberOf, parseSecretJson } from './secret-json.ts';
import { systemCode, systemReason } from '../io/system-error.ts';

export interface HelperOptions {
  /** Where PATH is found, and what the helper inherits. */
  readonly environment: NodeJS.ProcessEnv;
  /** Milliseconds until a silent helper is killed; 60 s when not said. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const NOT_FOUND = 'credentials not found in native keychain';
/** Failures that a helper reports by a fixed text, and that say more than its exit status. */
const KNOWN_FAILURES = ['no credentials server URL', 'no credentials username'];
/** The name under which docker keeps the credentials of docker.io. */
const DOCKER_HUB_SERVER = 'https://index.docker.io/v1/';

/**
 * Asks docker-credential-`name` for the credentials of `registry`, `host[:port]`; undefined when it
 * has none. Its stderr is the user's.
 * @throws OcipushError CONFIG_INVALID when it cannot be run, fails, or answers nonsense; the
 * signal's reason when that is aborted first
 */
export async function askCredentialHelper(
  name: string,
  registry: string,
  options: HelperOptions,
): Promise<Credentials | undefined> {
  if (!/^[^/\\\0]+$/.test(name)) {
    throw new OcipushError('CONFIG_INVALID', `invalid credential helper name "${name}"`, {
      origin: 'config',
      hint: 'write what follows docker-credential- in the name of the program, without a path',
    });
  }
  const program = `docker-credential-${name}`;
  const found = await getCredentials(program, registry, options);
  if (found || registry !== 'docker.io') return found;
  return getCredentials(program, DOCKER_HUB_SERVER, options);
}

async function getCredentials(
  program: string,
  server: string,
  options: HelperOptions,
): Promise<Credentials | undefined> {
  const { failure, output } = await runHelper(program, server, options);
  if (failure !== undefined) {
    const said = Buffer.from(output).toString().trim();
    if (said === NOT_FOUND) return undefined;
    throw helperError(program, KNOWN_FAILURES.includes(said) ? said : failure, said);
  }
  const answer = parseSecretJson(
    firstObject(output),
    `credentials from ${program}`,
    `run "echo ${server} | ${program} get" to see what it answers`,
  );
  const [user, secret] = [memberOf(answer, 'Username'), memberOf(answer, 'Secret')];
  if (typeof user !== 'string' || typeof secret !== 'string') return undefined;
  if (user === '<token>' && secret) return { kind: 'identity-token', token: secret };
  return basicCredentials(user, secret);
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

/** What a helper wrote to stdout, and how it failed if it did. */
async function runHelper(
  program: string,
  server: string,
  { environment, timeout = 60_000, signal }: HelperOptions,
): Promise<{ output: Uint8Array; failure: string | undefined }> {
  signal?.throwIfAborted();
  const deadline = AbortSignal.timeout(timeout);
  // Not in a process group of its own: it would lose the terminal on which it may ask something.
  const child = spawn(program, ['get'], { env: environment, stdio: ['pipe', 'pipe', 'inherit'] });
  // A helper need not read what it is asked.
  child.stdin.on('error', () => {});
  child.stdin.end(server);
  const ended = Promise.all([collect(child.stdout, MIB, program), once(child, 'close')]);
  try {
    const stopped = whenAborted(signal ? AbortSignal.any([signal, deadline]) : deadline);
    const [output, [status, killer]] = await Promise.race([ended, stopped]);
    return { output, failure: status === 0 ? undefined : describeEnd(status, killer) };
  } catch (error) {
    signal?.throwIfAborted();
    const silent = `${program} gave no answer within ${timeout / 1000} s`;
    throw helperError(program, deadline.aborted ? silent : describeFault(error, program), '');
  } finally {
    child.kill('SIGKILL');
    // A process that the helper left behind may hold the other end open for ever.
    child.stdout.destroy();
  }
}

async function whenAborted(signal: AbortSignal): Promise<never> {
  await once(signal, 'abort');
  throw signal.reason;
}

function describeEnd(status: number | null, killer: string | null): string {
  return status === null ? `signal: ${killer}` : `exit status ${status}`;
}

function describeFault(error: unknown, program: string): string {
  const missing = `exec: "${program}": executable file not found in $PATH`;
  return systemCode(error) === 'ENOENT' ? missing : systemReason(error);
}

/** The reference's text; what the helper said is left out where it may be a secret. */
function helperError(program: string, reason: string, said: string): OcipushError {
  const out = said.includes('{') ? '' : `, out: \`${said.slice(0, 1000)}\``;
  return new OcipushError('CONFIG_INVALID', `error getting credentials - err: ${reason}${out}`, {
    origin: 'config',
    hint: `make ${program} work, or remove it from credHelpers, credsStore or credential-helpers`,
  });
}
