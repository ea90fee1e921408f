/** Signs for sigstore as cosign 2 and podman do: a payload, and its signature in annotations. */
import type { PayloadStamp } from '../payload.ts';
import { encodePayload } from '../payload.ts';
import type { Signer } from '../signer.ts';
import { hashedRecord } from './log-records.ts';
import { sigstoreClaim } from './payload.ts';
import { signBytes } from './private-key.ts';
import { encodeLogBundle } from './rekor.ts';
import { verifierOf, type SigstoreKey } from './signing-key.ts';
import {
  CERTIFICATE_ANNOTATION,
  CHAIN_ANNOTATION,
  isSignedBy,
  LOG_ANNOTATION,
  sigstoreSignature,
} from './sigstore-signature.ts';

/** A key that lives for one push recognizes what it signed in that push, and nothing else. */
export function createAttachmentSigner(sigstoreKey: SigstoreKey, stamp: PayloadStamp): Signer {
  return {
    name: sigstoreKey.name,
    prepare: async (signal) => {
      await sigstoreKey.open(signal);
    },
    check: (signal) => sigstoreKey.check(signal),
    sign: async ({ digest }, identity, signal) => {
      const open = await sigstoreKey.open(signal);
      const { key, certificate } = open;
      const payload = encodePayload(sigstoreClaim(digest, identity), stamp);
      const signature = signBytes(key, payload);
      const record = hashedRecord({ payload, signature, verifier: verifierOf(open) });
      const entry = await open.record?.(record, signal);
      return sigstoreSignature(payload, signature, {
        ...(entry && { [LOG_ANNOTATION]: encodeLogBundle(entry) }),
        ...(certificate && {
          [CERTIFICATE_ANNOTATION]: certificate.certificate,
          [CHAIN_ANNOTATION]: certificate.chain,
        }),
      });
    },
    recognizes: async (signature, digest, identity, signal) => {
      if (signature.format !== 'sigstore' || !sigstoreKey.isOpen) return false;
      const { key, record } = await sigstoreKey.open(signal);
      const isRecorded = record === undefined || LOG_ANNOTATION in signature.annotations;
      return isRecorded && isSignedBy(key, signature, sigstoreClaim(digest, identity));
    },
  };
}
