/** Signs for sigstore with a private key of the user's. */
import type { KeyObject } from 'node:crypto';
import type { Descriptor } from '../../image/descriptor.ts';
import type { Digest } from '../../image/digest.ts';
import type { Signature } from '../../image/signature.ts';
import type { AskPassphrase } from '../passphrase.ts';
import { encodePayload, type PayloadStamp } from '../payload.ts';
import type { Signer } from '../signer.ts';
import { signatureArtifact, type SignatureArtifact } from './bundle.ts';
import { sigstoreClaim } from './payload.ts';
import { readPrivateKey, signBytes } from './private-key.ts';
import { isSignedBy, sigstoreSignature } from './sigstore-signature.ts';

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
      const payload = encodePayload(sigstoreClaim(digest, identity), options);
      return sigstoreSignature(payload, signBytes(await open(signal), payload));
    },
    signArtifact: async (subject, signal) => signatureArtifact(await open(signal), subject),
    recognizes: (signature, digest, identity) =>
      key !== undefined && isSignedBy(key, signature, sigstoreClaim(digest, identity)),
  };
}
