/** A sigstore signature: the names under which cosign keeps its parts, and how it is made. */
import type { KeyObject } from 'node:crypto';
import type { Signature, SigstoreSignature } from '../../image/signature.ts';
import { claims, type SignedClaim } from '../payload.ts';
import { isSignature } from './private-key.ts';

/** Media type of a payload (cosign specs/SIGNATURE_SPEC.md), and the annotations beside it. */
export const SIGSTORE_PAYLOAD = 'application/vnd.dev.cosign.simplesigning.v1+json';
export const SIGNATURE_ANNOTATION = 'dev.cosignproject.cosign/signature';
export const LOG_ANNOTATION = 'dev.sigstore.cosign/bundle';
export const CERTIFICATE_ANNOTATION = 'dev.sigstore.cosign/certificate';
export const CHAIN_ANNOTATION = 'dev.sigstore.cosign/chain';

/** What proves a signature beside itself, each under its annotation. */
export type SignatureProofs = Readonly<
  Partial<
    Record<typeof LOG_ANNOTATION | typeof CERTIFICATE_ANNOTATION | typeof CHAIN_ANNOTATION, string>
  >
>;

/** @param signature of the payload, in binary */
export function sigstoreSignature(
  payload: Uint8Array,
  signature: Uint8Array,
  proofs: SignatureProofs = {},
): SigstoreSignature {
  const annotations = {
    [SIGNATURE_ANNOTATION]: Buffer.from(signature).toString('base64'),
    ...proofs,
  };
  return { format: 'sigstore', mediaType: SIGSTORE_PAYLOAD, payload, annotations };
}

/** Whether this key has made the signature, and it makes just this claim. */
export function isSignedBy(key: KeyObject, signature: Signature, claim: SignedClaim): boolean {
  if (signature.format !== 'sigstore' || signature.mediaType !== SIGSTORE_PAYLOAD) return false;
  const { payload, annotations } = signature;
  const bytes = Buffer.from(annotations[SIGNATURE_ANNOTATION] ?? '', 'base64');
  return claims(payload, claim) && isSignature(key, payload, bytes);
}
