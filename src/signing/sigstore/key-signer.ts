/** Signs for sigstore with a private key of the user's. */
import type { KeyObject } from 'node:crypto';
import type { Descriptor } from '../../image/descriptor.ts';
import type { Digest } from '../../image/digest.ts';
import type { Signature } from '../../image/signature.ts';
import type { RetryClock } from '../../io/retry-clock.ts';
import type { Signer } from '../signer.ts';
import { signatureArtifact, type SignatureArtifact } from './bundle.ts';
import { encodePayload } from './payload.ts';
import { readPrivateKey, signBytes, type AskPassphrase } from './private-key.ts';
import { isSignedBy, sigstoreSignature } from './sigstore-signature.ts';

/** What stands in every payload beside its claim. */
export interface PayloadStamp {
  /** A program and its version. */
  readonly creator: string;
  readonly clock: RetryClock;
}

export interface SigstoreSigner extends Signer {
  /**
   * Whether a signature says what a new one of this signer would, so that none is needed. Signers
   * whose keys live for one push recognize none.
   */
  recognizes(signature: Signature, digest: Digest, identity: string): boolean;
}

export interface KeySignerOptions extends PayloadStamp {
  /** A key that cosign or skopeo made, or a plain one in PEM form. */
  readonly keyFile: string;
  readonly passphrase: AskPassphrase;
}

export interface SigstoreKeySigner extends SigstoreSigner {
  /** Signs an image or list in the form of cosign 3: the descriptor is that of its manifest. */
  signArtifact(subject: Descriptor, signal: AbortSignal): Promise<SignatureArtifact>;
}

export function createSigstoreKeySigner(options: KeySignerOptions): SigstoreKeySigner {
  const { keyFile, passphrase } = options;
  let key: KeyObject | undefined;
  const open = async (signal: AbortSignal): Promise<KeyObject> =>
    (key ??= await readPrivateKey(keyFile, passphrase, signal));
  return {
    name: keyFile,
    prepare: async (signal) => {
      await open(signal);
    },
    sign: async ({ digest }, identity, signal) => {
      const payload = stampedPayload(digest, identity, options);
      return sigstoreSignature(payload, signBytes(await open(signal), payload));
    },
    signArtifact: async (subject, signal) => signatureArtifact(await open(signal), subject),
    recognizes: (signature, digest, identity) =>
      key !== undefined && isSignedBy(key, signature, { digest, identity }),
  };
}

/** The payload of a signature that is made now. */
export function stampedPayload(
  digest: Digest,
  identity: string,
  { creator, clock }: PayloadStamp,
): Uint8Array {
  const timestamp = Math.floor(clock.now() / 1000);
  return encodePayload({ digest, identity }, { creator, timestamp });
}
