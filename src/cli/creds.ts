/** `--creds`: the credentials on the command line, and asking for what they lack. */
import { OcipushError } from '../errors.ts';
import type { Credentials } from '../registry/options.ts';
import type { Ask } from './ask.ts';

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

function unanswered(message: string): OcipushError {
  return new OcipushError('USAGE', message, { origin: 'usage', hint: HINT });
}
