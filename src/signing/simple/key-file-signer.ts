/** Simple signing with an OpenPGP key in a file, where there is no gpg. */
import { createReadStream } from 'node:fs';
import type { PrivateKey } from 'openpgp';
import { messageOf, OcipushError } from '../../errors.ts';
import { collect } from '../../io/bytes.ts';
import { systemReason } from '../../io/system-error.ts';
import type { AskPassphrase } from '../passphrase.ts';
import type { PayloadStamp } from '../payload.ts';
import type { Signer } from '../signer.ts';
import { createSimpleSigner } from './simple-signer.ts';

export interface KeyFileSignerOptions extends PayloadStamp {
  /** What `gpg --export-secret-keys` writes, armored or not. */
  readonly file: string;
  readonly passphrase: AskPassphrase;
}

/** Bytes: an RSA key with photographs and many signatures of others has less. */
const FILE_LIMIT = 4 * 1024 * 1024;

/** The high bit of the first byte: of every packet, and of no text. */
const PACKET_BIT = 0x80;

export function createKeyFileSigner(options: KeyFileSignerOptions): Signer {
  let key: PrivateKey | undefined;
  const open = async (signal: AbortSignal): Promise<PrivateKey> =>
    (key ??= await openKey(options, signal));
  const messageKey = {
    name: options.file,
    prepare: async (signal: AbortSignal) => {
      await open(signal);
    },
    sign: async (payload: Uint8Array, signal: AbortSignal) => {
      const { createMessage, sign } = await import('openpgp');
      const message = await createMessage({ binary: payload });
      return sign({ message, signingKeys: await open(signal), format: 'binary' });
    },
    read: async (message: Uint8Array, signal: AbortSignal) => signedBy(await open(signal), message),
  };
  return createSimpleSigner(messageKey, options);
}

/** What a message of this key holds; undefined for one that is of another, or of nobody. */
async function signedBy(
  key: PrivateKey,
  binaryMessage: Uint8Array,
): Promise<Uint8Array | undefined> {
  const { readMessage, verify } = await import('openpgp');
  try {
    const message = await readMessage({ binaryMessage });
    const { data, signatures } = await verify({
      message,
      verificationKeys: key.toPublic(),
      expectSigned: true,
      format: 'binary',
    });
    return signatures.length === 1 ? data : undefined;
  } catch {
    return undefined;
  }
}

/** @throws OcipushError KEY_INVALID, FILE_UNREADABLE */
async function openKey(
  { file, passphrase }: KeyFileSignerOptions,
  signal: AbortSignal,
): Promise<PrivateKey> {
  const bytes = await readKeyFile(file, signal);
  const { decryptKey } = await import('openpgp');
  const locked = await parseKey(bytes, file);
  const key = locked.isDecrypted()
    ? locked
    : await decryptKey({
        privateKey: locked,
        passphrase: Buffer.from(await passphrase(signal)).toString(),
      }).catch((error: unknown) => {
        const hint = 'give the passphrase of the key with --sign-passphrase-file';
        throw keyError(file, 'Bad passphrase', hint, error);
      });
  await key.getSigningKey().catch((error: unknown) => {
    throw keyError(file, messageOf(error), 'name a key that can sign, and has not expired', error);
  });
  return key;
}

async function parseKey(bytes: Uint8Array, file: string): Promise<PrivateKey> {
  const { readPrivateKeys } = await import('openpgp');
  const isBinary = ((bytes[0] ?? 0) & PACKET_BIT) !== 0;
  const hint = 'name a file that gpg --export-secret-keys wrote';
  try {
    const keys = await (isBinary
      ? readPrivateKeys({ binaryKeys: bytes })
      : readPrivateKeys({ armoredKeys: Buffer.from(bytes).toString() }));
    const [key, ...others] = keys;
    if (key && others.length === 0) return key;
  } catch (error) {
    throw keyError(file, messageOf(error), hint, error);
  }
  throw keyError(file, 'there must be one secret key in it', hint);
}

async function readKeyFile(file: string, signal: AbortSignal): Promise<Uint8Array> {
  try {
    return await collect(createReadStream(file, { signal }), FILE_LIMIT, file);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof OcipushError) throw error;
    const message = `reading private key from ${file}: ${systemReason(error)}`;
    throw new OcipushError('FILE_UNREADABLE', message, { origin: 'config', cause: error });
  }
}

function keyError(file: string, problem: string, hint: string, cause?: unknown): OcipushError {
  return new OcipushError('KEY_INVALID', `reading private key from ${file}: ${problem}`, {
    origin: 'config',
    hint,
    cause,
  });
}
