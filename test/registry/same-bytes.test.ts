import { describe, expect, test } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import { sameBytesFrom } from '../../src/registry/same-bytes.ts';
import { noise } from '../support/make-image.ts';
import { bytesOf, reusing } from '../support/streams.ts';
import { thrownBy } from '../support/thrown.ts';

const BYTES = Buffer.from(noise(100));

function prefix(size: number, algorithm = 'sha256') {
  return { digest: digestOf(BYTES.subarray(0, size), algorithm), size };
}

describe('sameBytesFrom', () => {
  test.each<readonly [offset: number, before: number, pieces: readonly number[]]>([
    [0, 100, []],
    [10, 10, []],
    [10, 50, [10, 40]],
    [15, 50, [10, 10, 10]],
    [99, 100, [1, 0, 98]],
    [100, 100, [30, 30]],
  ])('%i of %i, in pieces of %j', async (offset, before, pieces) => {
    const stream = sameBytesFrom(reusing(BYTES, pieces), offset, prefix(before));
    expect(await bytesOf(stream)).toEqual(BYTES.subarray(offset));
  });

  test('goes by the algorithm of the digest', async () => {
    const stream = sameBytesFrom(reusing(BYTES), 40, prefix(50, 'sha512'));
    expect(await bytesOf(stream)).toEqual(BYTES.subarray(40));
  });

  test.each<readonly [what: string, bytes: Uint8Array]>([
    ['a skipped byte is another', Buffer.from(BYTES).fill(0, 3, 4)],
    ['a byte that was lost is another', Buffer.from(BYTES).fill(0, 45, 46)],
    ['there are fewer', BYTES.subarray(0, 49)],
    ['there are none', Buffer.of()],
  ])('fails when %s', async (_, bytes) => {
    const error = await thrownBy(bytesOf(sameBytesFrom(reusing(bytes, [20]), 40, prefix(50))));
    expect(error).toMatchObject({ code: 'DIGEST_MISMATCH', origin: 'source', retryable: true });
  });

  test('hands nothing on that follows bytes which are others', async () => {
    const changed = Buffer.from(BYTES).fill(0, 0, 1);
    const seen: Uint8Array[] = [];
    const taking = (async () => {
      for await (const chunk of sameBytesFrom(reusing(changed, [50]), 50, prefix(50))) {
        seen.push(chunk);
      }
    })();
    await expect(taking).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(seen).toEqual([]);
  });
});
