/** What a signature signs: which manifest it speaks of, and under which name. */
import type { Digest } from '../image/digest.ts';
import { encodeJson } from '../image/json-encoder.ts';
import { memberAt } from '../io/bounded-json.ts';
import type { RetryClock } from '../io/retry-clock.ts';

export interface SignedClaim {
  /** Of the signature: `atomic container signature`. */
  readonly type: string;
  readonly digest: Digest;
  /** Docker reference with its tag or digest. */
  readonly identity: string;
}

/** What stands in every payload beside its claim. */
export interface PayloadStamp {
  /** A program and its version. */
  readonly creator: string;
  readonly clock: Pick<RetryClock, 'now'>;
}

/** The bytes to sign, as the reference writes them: containers-signature(5). */
export function encodePayload(
  { type, digest, identity }: SignedClaim,
  { creator, clock }: PayloadStamp,
): Uint8Array {
  return encodeJson({
    critical: {
      identity: { 'docker-reference': identity },
      image: { 'docker-manifest-digest': digest },
      type,
    },
    optional: { creator, timestamp: Math.floor(clock.now() / 1000) },
  });
}

/** Whether a payload makes just this claim; what cannot be read claims nothing. */
export function claims(payload: Uint8Array, { type, digest, identity }: SignedClaim): boolean {
  const critical = memberAt(parse(payload), 'critical');
  return (
    memberAt(critical, 'identity', 'docker-reference') === identity &&
    memberAt(critical, 'image', 'docker-manifest-digest') === digest &&
    memberAt(critical, 'type') === type
  );
}

function parse(payload: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(payload).toString());
  } catch {
    return undefined;
  }
}
