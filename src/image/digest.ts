/** Content digests: checked, computed, and verified while bytes pass by. */
import type { Hash } from 'node:crypto';
import { OcipushError } from '../errors.ts';
import type { ByteStream } from '../io/bytes.ts';

/** `algorithm:hex`, checked by {@link parseDigest}. */
export type Digest = `${string}:${string}` & { readonly __brand: 'Digest' };

/** Hex lengths of the algorithms registered in OCI image-spec descriptor.md and by go-digest. */
const HEX_LENGTH: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

/** @throws OcipushError DIGEST_INVALID */
export function parseDigest(text: string): Digest {
  const [algorithm = '', hex = '', ...rest] = text.split(':');
  const length = Object.hasOwn(HEX_LENGTH, algorithm) ? HEX_LENGTH[algorithm] : undefined;
  if (length === undefined && /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*$/.test(algorithm) && hex !== '') {
    throw new OcipushError('DIGEST_INVALID', 'unsupported digest algorithm');
  }
  if (rest.length > 0 || hex.length !== length || !/^[a-f0-9]+$/.test(hex)) {
    throw new OcipushError('DIGEST_INVALID', `invalid digest ${JSON.stringify(text)}`);
  }
  return text as Digest;
}

/** The hexadecimal half of a digest. */
export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

/** The algorithm half of a digest. */
export function digestAlgorithm(digest: Digest): string {
  return digest.slice(0, digest.indexOf(':'));
}

/** Loads what hashes when there is something to be hashed: a command line takes its time to load as it is. */
function createHash(algorithm: string): Hash {
  return process.getBuiltinModule('node:crypto').createHash(algorithm);
}

/** The digest of bytes in memory; sha256 unless told. */
export function digestOf(bytes: Uint8Array, algorithm = 'sha256'): Digest {
  return finishDigest(createHash(algorithm).update(bytes), algorithm);
}

/** The digest that a running hash has come to. */
export function finishDigest(hash: Hash, algorithm = 'sha256'): Digest {
  return `${algorithm}:${hash.digest('hex')}` as Digest;
}

/** Hashes and counts what passes; can be asked on the way. */
export class RunningDigest {
  readonly #algorithm: string;
  readonly #hash: Hash;
  #size = 0;

  constructor(algorithm = 'sha256') {
    this.#algorithm = algorithm;
    this.#hash = createHash(algorithm);
  }

  /** Bytes so far. */
  get size(): number {
    return this.#size;
  }

  update(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    this.#size += chunk.length;
  }

  /** What all bytes so far come to. */
  identity(): { readonly digest: Digest; readonly size: number } {
    return { digest: finishDigest(this.#hash.copy(), this.#algorithm), size: this.#size };
  }
}

/**
 * Passes a stream on and fails at its end when it was not exactly the expected content.
 * Chunks are handed on before the check, so a consumer must not act on them before the end.
 * `running` is what hashes them.
 * @throws OcipushError DIGEST_MISMATCH
 */
export async function* verified(
  stream: ByteStream,
  expected: { readonly digest: Digest; readonly size: number },
  running: RunningDigest = new RunningDigest(digestAlgorithm(expected.digest)),
): ByteStream {
  for await (const chunk of stream) {
    if (running.size + chunk.length > expected.size) {
      throw sizeMismatch(expected.digest, expected.size, 'more');
    }
    running.update(chunk);
    yield chunk;
  }
  const { digest, size } = running.identity();
  if (size < expected.size) throw sizeMismatch(expected.digest, expected.size, `${size}`);
  if (digest !== expected.digest) throw digestMismatch(expected.digest, digest);
}

/** The error of content that is not what its digest says. */
export function digestMismatch(expected: Digest, found: Digest): OcipushError {
  return new OcipushError(
    'DIGEST_MISMATCH',
    `Digest did not match, expected ${expected}, got ${found}`,
    { origin: 'source', hint: 'the image is damaged: copy or build it again' },
  );
}

function sizeMismatch(digest: Digest, expected: number, found: string): OcipushError {
  return new OcipushError(
    'DIGEST_MISMATCH',
    `${digest} should have ${expected} bytes, but has ${found}`,
    { origin: 'source', hint: 'the image is damaged: copy or build it again' },
  );
}
