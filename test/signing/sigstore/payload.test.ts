import { expect, test } from 'vitest';
import type { Digest } from '../../../src/image/digest.ts';
import { encodePayload } from '../../../src/signing/payload.ts';
import { sigstoreClaim } from '../../../src/signing/sigstore/payload.ts';
import { CLAIM, PAYLOAD } from './vectors.ts';

test('a payload has the bytes of the reference', () => {
  const claim = sigstoreClaim(CLAIM.digest as Digest, CLAIM.identity);
  const stamp = { creator: 'containers/image 5.39.1', clock: { now: () => 1_795_187_260_000 } };
  expect(Buffer.from(encodePayload(claim, stamp)).toString()).toBe(PAYLOAD);
});
