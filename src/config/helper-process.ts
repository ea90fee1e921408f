/** Runs a credential helper: one program, one action, some bytes in and some out. */
import { OcipushError } from '../errors.ts';
import { askProgram } from '../io/ask-program.ts';
import { MIB } from '../io/bytes.ts';

/** What a helper can be asked to do (docker-credential-helpers, README). */
export type HelperAction = 'get' | 'store' | 'erase' | 'list';

export interface HelperOptions {
  /** Where PATH is found, and what the helper inherits. */
  readonly environment: NodeJS.ProcessEnv;
  /** Milliseconds until a silent helper is killed; 60 s when not said. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const ATTEMPTS: Readonly<Record<HelperAction, string>> = {
  get: 'getting',
  store: 'storing',
  erase: 'erasing',
  list: 'listing',
};

const NOT_FOUND = 'credentials not found in native keychain';
/** Failures that a helper reports by a fixed text, and that say more than its exit status. */
const KNOWN_FAILURES = ['no credentials server URL', 'no credentials username'];

/** What follows `docker-credential-` in the name of a file, which has at most 255 bytes. */
const NAME = /^[^/\\\0]{1,200}$/;

/**
 * What docker-credential-`name` answers; undefined when it has no such credentials. Its stderr is
 * the user's.
 * @throws OcipushError CONFIG_INVALID when it cannot be run or fails; the signal's reason when that
 * is aborted first
 */
export async function runCredentialHelper(
  name: string,
  action: HelperAction,
  input: string,
  { environment, timeout = 60_000, signal }: HelperOptions,
): Promise<Uint8Array | undefined> {
  if (!NAME.test(name)) {
    throw new OcipushError('CONFIG_INVALID', `invalid credential helper name "${name}"`, {
      origin: 'config',
      hint: 'write what follows docker-credential- in the name of the program, without a path',
    });
  }
  const call = { program: programName(name), action };
  const { failure, output } = await askProgram({
    program: call.program,
    args: [action],
    input,
    environment,
    limit: MIB,
    timeout,
    signal,
    complaints: 'show',
  });
  if (failure === undefined) return output;
  const said = Buffer.from(output).toString().trim();
  if (said === NOT_FOUND) return undefined;
  throw helperError(call, KNOWN_FAILURES.includes(said) ? said : failure, said);
}

/** The program that a helper is. */
export function programName(name: string): string {
  return `docker-credential-${name}`;
}

interface HelperCall {
  readonly program: string;
  readonly action: HelperAction;
}

/** The reference's text; what the helper said is left out where it may be a secret. */
function helperError({ program, action }: HelperCall, reason: string, said: string): OcipushError {
  const out = said.includes('{') ? '' : `, out: \`${said.slice(0, 1000)}\``;
  const message = `error ${ATTEMPTS[action]} credentials - err: ${reason}${out}`;
  return new OcipushError('CONFIG_INVALID', message, {
    origin: 'config',
    hint: `make ${program} work, or remove it from credHelpers, credsStore or credential-helpers`,
  });
}
