/** Why a manifest must stay as it is: the reference's reasons, in its words. */
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import { frozenBy, frozenError } from '../../src/push/frozen.ts';
import { NO_WISHES } from '../support/push-options.ts';

const DIGEST = digestOf(Buffer.from('required'));

describe('frozenBy', () => {
  test.each<[hasSignatures: boolean, requiresDigest: boolean, preserve: boolean, reason?: string]>([
    [false, false, false],
    [true, false, false, 'Would invalidate signatures'],
    [false, true, false, 'Destination specifies a digest'],
    [true, true, false, 'Destination specifies a digest'],
    [false, false, true, 'Instructed to preserve digests'],
    [true, false, true, 'Instructed to preserve digests'],
    [true, true, true, 'Instructed to preserve digests'],
  ])(
    'signatures %s, digest required %s, digests preserved %s',
    (hasSignatures, requiresDigest, preserveDigests, reason) => {
      const required = requiresDigest ? DIGEST : undefined;
      const frozen = frozenBy(hasSignatures, required, { ...NO_WISHES, preserveDigests });
      expect(frozen?.reason).toBe(reason);
    },
  );
});

test('the error of a wish that it forbids says what to do', () => {
  expect(frozenError({ reason: 'r', hint: 'h' }, 'doing it')).toMatchObject({
    code: 'UNSUPPORTED',
    origin: 'usage',
    message: 'doing it would change the manifest, which we cannot do: r',
    hint: 'h',
  });
});
