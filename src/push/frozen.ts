/** Why a manifest must stay as it is, byte for byte, and what it means for wishes. */
import { OcipushError } from '../errors.ts';
import type { PushOptions } from './options.ts';

export interface Frozen {
  /** In the reference's words. */
  readonly reason: string;
  readonly hint: string;
}

/** The reason that binds first; undefined for a manifest that may change. */
export function frozenBy(
  hasSignatures: boolean,
  requiredDigest: string | undefined,
  { preserveDigests, referrers }: PushOptions,
): Frozen | undefined {
  if (preserveDigests) {
    return { reason: 'Instructed to preserve digests', hint: 'leave out --preserve-digests' };
  }
  if (requiredDigest !== undefined) {
    return {
      reason: 'Destination specifies a digest',
      hint: 'name a tag at the destination instead of a digest',
    };
  }
  if (referrers !== 'none') {
    return {
      reason: 'Would leave nothing for the referrers to refer to',
      hint: 'leave out --referrers',
    };
  }
  if (!hasSignatures) return undefined;
  return {
    reason: 'Would invalidate signatures',
    hint: 'push without the signatures: --remove-signatures',
  };
}

/** The error of a wish that a frozen manifest forbids; `what` is a gerund phrase. */
export function frozenError({ reason, hint }: Frozen, what: string): OcipushError {
  return new OcipushError(
    'UNSUPPORTED',
    `${what} would change the manifest, which we cannot do: ${reason}`,
    { origin: 'usage', hint },
  );
}
