import { describe, expect, test } from 'vitest';
import type { Digest } from '../../src/image/digest.ts';
import { claims, encodePayload } from '../../src/signing/payload.ts';
import { simpleClaim } from '../../src/signing/simple/payload.ts';

const DIGEST = 'sha256:ababf4cf23377ade1e52c09b583dc6d25c9d78f48c9e3bd45a890e227d1bdaf4' as Digest;
const CLAIM = simpleClaim(DIGEST, '127.0.0.1:15761/ns/gpg:1');

/** As skopeo 1.22 signed it. */
const PAYLOAD =
  '{"critical":{"identity":{"docker-reference":"127.0.0.1:15761/ns/gpg:1"},' +
  `"image":{"docker-manifest-digest":"${DIGEST}"},"type":"atomic container signature"},` +
  '"optional":{"creator":"atomic 5.39.1","timestamp":1795187213}}';

test('a payload has the bytes of the reference', () => {
  const clock = { now: () => 1_795_187_213_999 };
  const payload = encodePayload(CLAIM, { creator: 'atomic 5.39.1', clock });
  expect(Buffer.from(payload).toString()).toBe(PAYLOAD);
});

describe('the claim of a payload', () => {
  test.each<readonly [payload: string, isMade: boolean]>([
    [PAYLOAD, true],
    [PAYLOAD.replace(/"optional":.*/, '"optional":{}}'), true],
    [PAYLOAD.replace('gpg:1', 'gpg:2'), false],
    [PAYLOAD.replace('sha256:ab', 'sha256:cd'), false],
    [PAYLOAD.replace('atomic container', 'cosign container image'), false],
    ['{"critical":null}', false],
    ['[]', false],
    ['{', false],
    ['', false],
  ])('%s: %s', (payload, isMade) => {
    expect(claims(Buffer.from(payload), CLAIM)).toBe(isMade);
  });
});
