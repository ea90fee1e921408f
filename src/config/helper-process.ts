/** Runs a credential helper: one program, one action, some bytes in and some out. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { collect, MIB } from '../io/bytes.ts';
import { OcipushError } from '../errors.ts';
import { systemCode, systemReason } from '../io/system-error.ts';

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
  options: HelperOptions,
): Promise<Uint8Array | undefined> {
  if (!/^[^/\\\0]+$/.test(name)) {
    throw new OcipushError('CONFIG_INVALID', `invalid credential helper name "${name}"`, {
      origin: 'config',
      hint: 'write what follows docker-credential- in the name of the program, without a path',
    });
  }
  const call = { program: programName(name), action };
  const { failure, output } = await run(call, input, options);
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

/** What a helper wrote to stdout, and how it failed if it did. */
async function run(
  call: HelperCall,
  input: string,
  { environment, timeout = 60_000, signal }: HelperOptions,
): Promise<{ output: Uint8Array; failure: string | undefined }> {
  signal?.throwIfAborted();
  const { program, action } = call;
  const deadline = AbortSignal.timeout(timeout);
  // Not in a process group of its own: it would lose the terminal on which it may ask something.
  const child = spawn(program, [action], { env: environment, stdio: ['pipe', 'pipe', 'inherit'] });
  // A helper need not read what it is asked.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const ended = Promise.all([collect(child.stdout, MIB, program), once(child, 'close')]);
  try {
    const stopped = whenAborted(signal ? AbortSignal.any([signal, deadline]) : deadline);
    const [output, [status, killer]] = await Promise.race([ended, stopped]);
    return { output, failure: status === 0 ? undefined : describeEnd(status, killer) };
  } catch (error) {
    signal?.throwIfAborted();
    const silent = `${program} gave no answer within ${timeout / 1000} s`;
    throw helperError(call, deadline.aborted ? silent : describeFault(error, program), '');
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
function helperError({ program, action }: HelperCall, reason: string, said: string): OcipushError {
  const out = said.includes('{') ? '' : `, out: \`${said.slice(0, 1000)}\``;
  const message = `error ${ATTEMPTS[action]} credentials - err: ${reason}${out}`;
  return new OcipushError('CONFIG_INVALID', message, {
    origin: 'config',
    hint: `make ${program} work, or remove it from credHelpers, credsStore or credential-helpers`,
  });
}
