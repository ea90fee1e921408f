/** The claim of a sigstore signature. */
import type { Digest } from '../../image/digest.ts';
import type { SignedClaim } from '../payload.ts';

export function sigstoreClaim(digest: Digest, identity: string): SignedClaim {
  return { type: 'cosign container image signature', digest, identity };
}
