/** What is secret in tests, in one place: `leaks.ts` looks for it wherever it must not be. */
import type { KeyObject } from 'node:crypto';

export const USER = 'me';

/** With all that has a meaning elsewhere in what it is written into. */
export const PASSWORD = 'a:very/secret@word';

/** What docker login leaves instead of a password. */
export const IDENTITY_TOKEN = 'refresh/me+0123456789==';

/** Of a key. */
export const PASSPHRASE = 'correct horse "battery" & staple';

/** Where a helper in a test notes what it was asked, which is the one file besides logins for secrets. */
export const HELPER_NOTES = 'called';

/** Bytes below which a secret would be found by chance. */
const SHORTEST = 8;

const planted = new Map<string, string>([
  [PASSWORD, 'the password'],
  [IDENTITY_TOKEN, 'the identity token'],
  [PASSPHRASE, 'the passphrase'],
]);

/** All secrets of this process and what each is; bytes are as latin1 reads them. */
export function plantedSecrets(): ReadonlyMap<string, string> {
  return planted;
}

/** Makes a secret known until the returned function is called. */
export function plant(what: string, secret: string | Uint8Array): () => void {
  const text = Buffer.from(secret).toString('latin1');
  if (text.length < SHORTEST) throw new Error(`${what} is too short to be looked for`);
  planted.set(text, what);
  return () => void planted.delete(text);
}

/** Makes a private key known: its number, and what of it stands in PEM files. */
export function plantKey(key: KeyObject): void {
  const { d } = key.export({ format: 'jwk' });
  plant('a private number', Buffer.from(d ?? '', 'base64url'));
  plantArmor(key.export({ format: 'pem', type: 'pkcs8' }).toString());
}

/** Makes the lines of a private key known that hold it; what follows them may be public. */
export function plantArmor(text: string): void {
  const lines = text.split(/\r?\n/).filter((line) => /^[A-Za-z0-9+/]{60,}$/.test(line));
  for (const line of lines.slice(0, 2)) plant('a line of a private key', line);
}
