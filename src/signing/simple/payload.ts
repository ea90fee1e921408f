/** The claim of a simple signature. */
import type { Digest } from '../../image/digest.ts';
import type { SignedClaim } from '../payload.ts';

export function simpleClaim(digest: Digest, identity: string): SignedClaim {
  return { type: 'atomic container signature', digest, identity };
}
