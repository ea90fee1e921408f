/** Wraps keys of layers as an OpenPGP message (RFC 4880), as plain as ocicrypt's library needs it. */
import {
  createMessage,
  encrypt,
  enums,
  readKeys,
  type Config,
  type Key,
  type PartialConfig,
} from 'openpgp';
import { messageOf } from '../../errors.ts';
import { exportKeys } from './gpg.ts';
import { keyError, readKeyFile } from './key-file.ts';
import type { KeyContext, KeyWrapper } from './key-wrapper.ts';
import type { RecipientOf } from './recipient.ts';

type PgpRecipient = RecipientOf<'pgp'>;

const ANNOTATION = 'org.opencontainers.image.enc.keys.pgp';

/** What the reference's readers know: no AEAD, no compression. */
const CONFIG: PartialConfig = {
  aeadProtect: false,
  preferredSymmetricAlgorithm: enums.symmetric.aes256,
  preferredCompressionAlgorithm: enums.compression.uncompressed,
} satisfies Partial<Config>;

/** @throws OcipushError FILE_NOT_FOUND, FILE_UNREADABLE, KEY_INVALID; CONFIG_INVALID without gpg */
export async function openPgpWrapper(
  recipients: readonly PgpRecipient[],
  context: KeyContext,
): Promise<KeyWrapper> {
  const keys = new Map<string, Key>();
  for (const recipient of recipients) {
    for (const key of await keysOf(recipient, context)) keys.set(key.getFingerprint(), key);
  }
  for (const key of keys.values()) await warnOfCurve(key, context);
  return {
    annotation: ANNOTATION,
    wrap: async (payload) => {
      const message = await createMessage({ binary: payload });
      const encryptionKeys = [...keys.values()];
      return encrypt({ message, encryptionKeys, format: 'binary', config: CONFIG });
    },
  };
}

/** The keys that can be encrypted to; never none. */
async function keysOf(recipient: PgpRecipient, context: KeyContext): Promise<readonly Key[]> {
  if ('file' in recipient) {
    const keys = await readFile(recipient.file);
    // Who is in a file is meant, every one.
    for (const key of keys) await checkUsable(key, recipient.file);
    return keys;
  }
  const { name } = recipient;
  const found = (await parseKeys(await exportKeys(name, context))).filter((key) =>
    isNamed(key, name),
  );
  const usable: Key[] = [];
  let fault: unknown;
  for (const key of found) {
    try {
      await checkUsable(key, name);
      usable.push(key);
    } catch (error) {
      fault = error;
    }
  }
  if (usable.length > 0) return usable;
  throw (
    fault ??
    keyError(
      `unable to create entity list: PGP: No key found for the following recipients: ${name}`,
      `import the public key into the keyring of gpg, or name its file: pgp:./key.asc`,
    )
  );
}

/** Exactly an address, a name, a user ID or a fingerprint, or the end of one. */
function isNamed(key: Key, name: string): boolean {
  const hex = name.replace(/^0x/i, '').replaceAll(' ', '').toLowerCase();
  const fingerprints = [key, ...key.getSubkeys()].map((each) => each.getFingerprint());
  if (/^[\da-f]{16,}$/.test(hex) && fingerprints.some((print) => print.endsWith(hex))) return true;
  return key.users.some(({ userID }) => {
    if (userID === null) return false;
    const { email, userID: whole, name: person } = userID;
    return [email, person, whole, `<${email}>`].includes(name);
  });
}

async function readFile(path: string): Promise<readonly Key[]> {
  const keys = await parseKeys(await readKeyFile(path)).catch((error: unknown) => {
    throw keyError(`${path} holds no PGP key: ${messageOf(error)}`, EXPORT);
  });
  if (keys.length === 0) throw keyError(`${path} holds no PGP key`, EXPORT);
  if (keys.some((key) => key.isPrivate())) {
    throw keyError(
      `${path} holds a private key: a public one is enough, and all one gives away`,
      EXPORT,
    );
  }
  return keys;
}

async function parseKeys(bytes: Uint8Array): Promise<readonly Key[]> {
  if (bytes.length === 0) return [];
  const text = Buffer.from(bytes).toString('latin1');
  return text.includes('-----BEGIN PGP')
    ? readKeys({ armoredKeys: text })
    : readKeys({ binaryKeys: bytes });
}

/** @throws OcipushError KEY_INVALID for a key that is expired or revoked, or none to encrypt to */
async function checkUsable(key: Key, name: string): Promise<void> {
  await key.getEncryptionKey().catch((error: unknown) => {
    throw keyError(
      `cannot encrypt a message to PGP key ${key.getKeyID().toHex()} of ${name}: ${messageOf(error)}`,
      'ask the recipient for a key that is valid and meant for encryption',
      error,
    );
  });
}

async function warnOfCurve(key: Key, { warn }: KeyContext): Promise<void> {
  const { algorithm } = (await key.getEncryptionKey()).getAlgorithmInfo();
  if (algorithm.startsWith('rsa')) return;
  warn(
    `PGP key ${key.getKeyID().toHex()} is no RSA key: podman and skopeo cannot decrypt with it as they are released today`,
  );
}

const EXPORT = 'export the public key of the recipient: gpg --export --armor ADDRESS';
