/** User and password for a login: from flags, from standard input, from a person. */
import { addAbortSignal } from 'node:stream';
import type { BasicCredentials } from '../config/credentials.ts';
import { OcipushError } from '../errors.ts';
import { collect, MIB } from '../io/bytes.ts';
import { askAtTerminal, askOnInput } from './ask.ts';
import { escapeControls } from './escape.ts';
import type { Host } from './host.ts';
import type { LoginFlags } from './options/login.ts';

/**
 * The password that the flags give, or have read; undefined when it is to be asked for. Of standard
 * input one line end is left out: a key file has others in it that belong to the password.
 * @throws OcipushError USAGE
 */
export async function givenPassword(
  { password, passwordStdin, secret, username }: LoginFlags,
  host: Host,
): Promise<string | undefined> {
  if (secret) {
    throw usage(
      '--secret is not supported: podman alone can read its secrets',
      'send the password through a pipe to --password-stdin',
    );
  }
  if (!passwordStdin) return password || undefined;
  if (password) {
    throw usage("can't specify both --password-stdin and --password", 'leave out --password');
  }
  if (!username) throw usage('must provide --username with --password-stdin', 'add --username');
  const input = await collect(addAbortSignal(host.signal, host.stdin()), MIB, 'standard input');
  const read = Buffer.from(input)
    .toString()
    .replace(/\r?\n$/, '');
  if (read !== '') return read;
  throw usage('the password on standard input is empty', 'check what is sent through the pipe');
}

/**
 * Asks for what is missing; an empty answer takes the user that is known.
 * @throws OcipushError USAGE when there is no answer, ABORTED when the user breaks off
 */
export async function completeLogin(
  username: string | undefined,
  password: string | undefined,
  known: string | undefined,
  host: Host,
): Promise<BasicCredentials> {
  const user = username?.trim() || (await askUser(known, host));
  if (user.includes(':')) {
    throw usage('a user name cannot have a colon in it', 'what follows it is the password');
  }
  return { kind: 'basic', user, password: password ?? (await askPassword(host)) };
}

async function askUser(known: string | undefined, host: Host): Promise<string> {
  const suggestion = known === undefined ? '' : ` (${escapeControls(known)})`;
  const answer = await askOnInput(host, `Username${suggestion}: `, 'shown');
  if (answer === undefined) throw unanswered('reading username: EOF');
  const user = answer.trim() || known;
  if (user === undefined) throw unanswered('reading username: it is empty');
  return user;
}

async function askPassword(host: Host): Promise<string> {
  const ask = askAtTerminal(host);
  if (ask === undefined) throw unanswered('reading password: inappropriate ioctl for device');
  const answer = await ask('Password: ', 'hidden');
  if (answer === undefined) throw unanswered('reading password: EOF');
  if (answer === '') throw unanswered('reading password: it is empty');
  return answer;
}

function unanswered(message: string): OcipushError {
  return usage(
    `getting username and password: ${message}`,
    'give --username, and --password-stdin where nobody can be asked',
  );
}

function usage(message: string, hint: string): OcipushError {
  return new OcipushError('USAGE', message, { origin: 'usage', hint });
}
