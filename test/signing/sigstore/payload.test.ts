import { describe, expect, test } from 'vitest';
import type { Digest } from '../../../src/image/digest.ts';
import { claims, encodePayload } from '../../../src/signing/sigstore/payload.ts';
import { CLAIM, PAYLOAD } from './vectors.ts';

const claim = { ...CLAIM, digest: CLAIM.digest as Digest };

test('a payload has the bytes of the reference', () => {
  const stamp = { creator: 'containers/image 5.39.1', timestamp: 1_795_187_260 };
  expect(Buffer.from(encodePayload(claim, stamp)).toString()).toBe(PAYLOAD);
});

describe('the claim of a payload', () => {
  test.each<readonly [payload: string, isMade: boolean]>([
    [PAYLOAD, true],
    [PAYLOAD.replace(/"optional":.*/, '"optional":null}'), true], // cosign
    [PAYLOAD.replace('sst:1', 'sst:2'), false],
    [PAYLOAD.replace('sha256:ab', 'sha256:cd'), false],
    [PAYLOAD.replace('cosign container image', 'atomic container'), false],
    ['{"critical":null}', false],
    ['[]', false],
    ['{', false],
    ['', false],
  ])('%s: %s', (payload, isMade) => {
    expect(claims(Buffer.from(payload), claim)).toBe(isMade);
  });
});
