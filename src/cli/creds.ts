/** `--creds`: the credentials on the command line, and asking for what they lack. */
import { createInterface } from 'node:readline';
import { OcipushError } from '../errors.ts';
import type { Credentials } from '../registry/options.ts';
import type { Host } from './host.ts';

/** Asks a person for one line; undefined when the input ends first. */
export type Ask = (question: string, echo: 'shown' | 'hidden') => Promise<string | undefined>;

const HINT = 'give --creds USER:PASS or an --authfile where nobody can be asked';

/**
 * Cuts `USER:PASS` at the first colon and asks for the half that is empty.
 * @param ask undefined when nobody can be asked
 * @throws OcipushError USAGE when there is no answer, ABORTED when the user breaks off
 */
export async function completeCredentials(
  creds: string,
  ask: Ask | undefined,
): Promise<Credentials> {
  const colon = creds.indexOf(':');
  const givenUser = colon < 0 ? creds : creds.slice(0, colon);
  const givenPassword = colon < 0 ? '' : creds.slice(colon + 1);
  const user = givenUser || (await ask?.('Username: ', 'shown'))?.trim();
  if (user === undefined) throw unanswered('could not read username: EOF');
  if (user === '') throw unanswered('could not read username: unexpected newline');
  if (givenPassword !== '') return { kind: 'basic', user, password: givenPassword };
  if (ask === undefined) {
    throw unanswered('could not read password from terminal: inappropriate ioctl for device');
  }
  const password = await ask('Password: ', 'hidden');
  if (password === undefined) throw unanswered('could not read password from terminal: EOF');
  return { kind: 'basic', user, password };
}

/** Asks on standard error and reads from the terminal on standard input, where there is one. */
export function askAtTerminal(host: Host): Ask | undefined {
  if (!host.stdinIsTerminal) return undefined;
  return async (question, echo) => {
    host.signal.throwIfAborted();
    // Without `terminal` the terminal itself echoes and edits; with it and no output, nobody echoes.
    const lines = createInterface({
      input: host.stdin(),
      terminal: echo === 'hidden',
      historySize: 0,
    });
    // Only now that nothing is echoed may an answer come.
    host.stderr.write(question);
    try {
      return await new Promise((resolve, reject) => {
        lines.once('line', resolve);
        lines.once('close', () => resolve(undefined));
        lines.once('SIGINT', () => reject(new OcipushError('ABORTED', 'interrupted')));
        host.signal.addEventListener('abort', () => reject(host.signal.reason), { once: true });
      });
    } finally {
      lines.close();
      if (echo === 'hidden') host.stderr.write('\n');
    }
  };
}

function unanswered(message: string): OcipushError {
  return new OcipushError('USAGE', message, { origin: 'usage', hint: HINT });
}
