/** What a sigstore signature signs: which manifest it speaks of, and under which name. */
import type { Digest } from '../../image/digest.ts';
import { encodeJson } from '../../image/json-encoder.ts';
import { memberAt } from '../../io/bounded-json.ts';

export interface SignedClaim {
  readonly digest: Digest;
  /** Docker reference with its tag or digest. */
  readonly identity: string;
}

const TYPE = 'cosign container image signature';

/**
 * The bytes to sign, as the reference writes them (containers-signature(5); the type is cosign's).
 * `creator` is a program and its version; `timestamp` is in seconds since the epoch.
 */
export function encodePayload(
  { digest, identity }: SignedClaim,
  { creator, timestamp }: { readonly creator: string; readonly timestamp: number },
): Uint8Array {
  return encodeJson({
    critical: {
      identity: { 'docker-reference': identity },
      image: { 'docker-manifest-digest': digest },
      type: TYPE,
    },
    optional: { creator, timestamp },
  });
}

/** Whether a payload makes just this claim; what cannot be read claims nothing. */
export function claims(payload: Uint8Array, { digest, identity }: SignedClaim): boolean {
  const critical = memberAt(parse(payload), 'critical');
  return (
    memberAt(critical, 'identity', 'docker-reference') === identity &&
    memberAt(critical, 'image', 'docker-manifest-digest') === digest &&
    memberAt(critical, 'type') === TYPE
  );
}

function parse(payload: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(payload).toString());
  } catch {
    return undefined;
  }
}
