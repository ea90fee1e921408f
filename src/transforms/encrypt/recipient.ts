/** Who is to be able to decrypt, as it is typed: `jwe:FILE`, `pgp:NAME`, `provider:NAME:PARAMETER` … */
import { OcipushError } from '../../errors.ts';
import { isPathLike } from '../../io/path-like.ts';

/** Where the public key of a recipient is found, by the protocol in which it is used. */
export type Recipient =
  | { readonly protocol: 'jwe'; readonly file: string }
  | { readonly protocol: 'pkcs7'; readonly file: string }
  /** Its user ID, or a part of that, or a fingerprint. */
  | { readonly protocol: 'pgp'; readonly name: string }
  | { readonly protocol: 'pgp'; readonly file: string }
  | { readonly protocol: 'pkcs11'; readonly file: string }
  /** A URI of RFC 7512. */
  | { readonly protocol: 'pkcs11'; readonly uri: string }
  | { readonly protocol: 'provider'; readonly name: string; readonly parameter: string };

export type Protocol = Recipient['protocol'];

/** One that is known by a file alone. */
export type RecipientFile = Extract<Recipient, { readonly file: string }>;

export type RecipientOf<P extends Protocol> = Extract<Recipient, { readonly protocol: P }>;

/** What a provider gets that was named alone (ocicrypt, parse_helpers.go). */
const NO_PARAMETER = 'Enabled';

/** Where podman says it of any key. */
export const INVALID_KEYS = 'unable to obtain encryption config: invalid encryption keys';

/** Reads what stands behind the first colon. */
const READERS: { readonly [P in Protocol]: (value: string) => RecipientOf<P> } = {
  jwe: (file) => ({ protocol: 'jwe', file }),
  pkcs7: (file) => ({ protocol: 'pkcs7', file }),
  pgp: (value) =>
    isPathLike(value) ? { protocol: 'pgp', file: value } : { protocol: 'pgp', name: value },
  pkcs11: (value) =>
    value.startsWith('pkcs11:')
      ? { protocol: 'pkcs11', uri: value }
      : { protocol: 'pkcs11', file: value },
  provider: (value) => {
    const colon = value.indexOf(':');
    const name = colon < 0 ? value : value.slice(0, colon);
    if (name === '') throw invalid('a provider without a name');
    const parameter = colon < 0 ? NO_PARAMETER : value.slice(colon + 1);
    return { protocol: 'provider', name, parameter };
  },
};

/**
 * Files of PGP keys begin with `/`, `./` or `../`; anything else is a name in the keyring.
 * @throws OcipushError USAGE, in podman's words
 */
export function parseRecipient(text: string): Recipient {
  const colon = text.indexOf(':');
  if (colon < 0) throw invalid('Invalid recipient format');
  const protocol = text.slice(0, colon);
  const value = text.slice(colon + 1);
  if (!isProtocol(protocol)) throw invalid('Provided protocol not recognized');
  if (value === '') throw invalid(`nothing follows ${protocol}:`);
  return READERS[protocol](value);
}

function isProtocol(text: string): text is Protocol {
  return Object.hasOwn(READERS, text);
}

function invalid(message: string): OcipushError {
  return new OcipushError('USAGE', `${INVALID_KEYS}: ${message}`, {
    origin: 'usage',
    hint: 'write PROTOCOL:KEY, where the protocol is jwe, pgp, pkcs7, pkcs11 or provider',
  });
}
