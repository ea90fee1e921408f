/** From an entry of an auth file to credentials: base64, the colon, identity tokens. */
import { isUtf8 } from 'node:buffer';
import { OcipushError } from '../errors.ts';
import type { AuthEntry } from './auth-file.ts';
import type { BasicCredentials, Credentials } from './credentials.ts';

/**
 * The credentials of an entry; undefined when it holds none, which decides nothing: another file
 * may have them. `where` names the entry in messages; none of them holds what was decoded.
 * @param warn told of an `auth` without a colon, which is skipped as in the reference
 * @throws OcipushError CONFIG_INVALID when `auth` is no base64 of UTF-8 text
 */
export function credentialsOf(
  entry: AuthEntry,
  where: string,
  warn: (message: string) => void,
): Credentials | undefined {
  if (entry.identityToken !== undefined) {
    return { kind: 'identity-token', token: entry.identityToken };
  }
  if (entry.auth === undefined) return basicCredentials(entry.username, entry.password);
  const decoded = decodeAuth(entry.auth, where);
  const colon = decoded.indexOf(':');
  if (colon < 0) {
    warn(`ignoring the "auth" of ${where}: no colon between user and password`);
    return undefined;
  }
  return basicCredentials(decoded.slice(0, colon), trimNuls(decoded.slice(colon + 1)));
}

/** The `auth` of an entry that holds these. */
export function encodeAuth({ user, password }: BasicCredentials): string {
  return Buffer.from(`${user}:${password}`).toString('base64');
}

/** Both or nothing: a user without a password is no proof of anything. */
export function basicCredentials(
  user: string | undefined,
  password: string | undefined,
): Credentials | undefined {
  return user && password ? { kind: 'basic', user, password } : undefined;
}

function decodeAuth(auth: string, where: string): string {
  // Line breaks are what base64(1) adds, and the reference lets them pass; Buffer would let
  // anything pass.
  const text = auth.replace(/[\r\n]/g, '');
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) {
    const stranger = text.search(/[^A-Za-z0-9+/=]/);
    const offset = stranger < 0 ? text.length - (text.length % 4) : stranger;
    throw invalidAuth(`illegal base64 data at input byte ${offset}`, where);
  }
  const bytes = Buffer.from(text, 'base64');
  if (!isUtf8(bytes)) throw invalidAuth('not UTF-8 text', where);
  return bytes.toString();
}

/** Old docker clients padded the decoded text. */
function trimNuls(password: string): string {
  let end = password.length;
  while (password[end - 1] === '\0') end -= 1;
  return password.slice(0, end);
}

function invalidAuth(reason: string, where: string): OcipushError {
  return new OcipushError('CONFIG_INVALID', `decoding the "auth" of ${where}: ${reason}`, {
    origin: 'config',
    hint: 'log in again, or write base64 of user:password with its padding',
  });
}
