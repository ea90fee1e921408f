/** What makes signatures, whoever holds the key. */
import type { Digest } from '../image/digest.ts';
import type { Signature } from '../image/signature.ts';

export interface Signer {
  /** Who signs, for progress and errors: a fingerprint, a key file. */
  readonly name: string;
  /** Whether it can sign now: the key is readable, the passphrase right. @throws OcipushError */
  prepare(signal: AbortSignal): Promise<void>;
  /**
   * The same as far as it leaves no trace, for a push that writes nothing; there where
   * {@link prepare} leaves one. @throws OcipushError
   */
  check?(signal: AbortSignal): Promise<void>;
  /** `identity` is the docker reference that the signature speaks of. */
  sign(
    manifest: { readonly bytes: Uint8Array; readonly digest: Digest },
    identity: string,
    signal: AbortSignal,
  ): Promise<Signature>;
  /**
   * Whether a signature says what a new one of this signer would, so that none is needed. Without
   * it the signer knows none of its own.
   */
  recognizes?(
    signature: Signature,
    digest: Digest,
    identity: string,
    signal: AbortSignal,
  ): boolean | Promise<boolean>;
}
