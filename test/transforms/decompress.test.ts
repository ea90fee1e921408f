import { join } from 'node:path';
import { constants, gzipSync } from 'node:zlib';
import { writeFile } from 'node:fs/promises';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readFileStream } from '../../src/io/file-reader.ts';
import { decompress, decompressAny } from '../../src/transforms/decompress.ts';
import { noise } from '../support/make-image.ts';
import { openFiles, temporaryDirectory } from '../support/scratch.ts';
import { bytesOf, firstOf, reusing, watch, watched } from '../support/streams.ts';

const TEXT = Buffer.from('text '.repeat(20_000));
const DAMAGED = { code: 'ARCHIVE_INVALID', origin: 'source', hint: expect.any(String) };

/** Compressed text with another checksum and length at its end. */
function endingIn(...end: readonly Uint8Array[]): Buffer {
  return Buffer.concat([gzipSync(TEXT).subarray(0, -8), ...end]);
}

/** Two gzip members, cut into pieces anywhere. */
const members = fc.tuple(
  fc.uint8Array(),
  fc.uint8Array(),
  fc.array(fc.integer({ min: 1, max: 40 })),
);

describe.each([
  ['decompress', (input: AsyncIterable<Uint8Array>) => decompress(input, 'gzip')],
  ['decompressAny', decompressAny],
])('%s, of gzip', (_, gunzip) => {
  test('reads all members, however they come', async () => {
    await fc.assert(
      fc.asyncProperty(members, async ([first, second, sizes]) => {
        const compressed = Buffer.concat([gzipSync(first), gzipSync(second)]);
        expect(await bytesOf(gunzip(reusing(compressed, sizes)))).toEqual(
          Buffer.concat([first, second]),
        );
      }),
      { numRuns: 50 },
    );
  });

  test('gives chunks that may be kept in memory for a while', async () => {
    const sizes: number[] = [];
    for await (const { length } of gunzip(reusing(gzipSync(noise(2 ** 20 + 1)))))
      sizes.push(length);
    expect(Math.max(...sizes)).toBe(256 * 1024);
  });

  test.each([
    ['cut in its contents', gzipSync(TEXT).subarray(0, 100)],
    ['cut in its end', gzipSync(TEXT).subarray(0, -1)],
    ['cut after its header', gzipSync(TEXT).subarray(0, 10)],
    ['with a wrong checksum', endingIn(Buffer.alloc(4), gzipSync(TEXT).subarray(-4))],
    ['with a wrong length', endingIn(gzipSync(TEXT).subarray(-8, -4), Buffer.alloc(4))],
    ['with damaged contents', gzipSync(TEXT).fill(0xff, 10, 30)],
    ['followed by what is none', Buffer.concat([gzipSync(TEXT), TEXT])],
    ['followed by a cut member', Buffer.concat([gzipSync(TEXT), gzipSync(TEXT).subarray(0, 20)])],
  ])('refuses data %s', async (__, compressed) => {
    await expect(bytesOf(gunzip(reusing(compressed, [9, 50])))).rejects.toMatchObject(DAMAGED);
  });

  test('fails as the input does', async () => {
    const failure = Object.assign(new Error('broken'), { code: 'EIO' });
    const { stream } = watched([gzipSync(TEXT).subarray(0, 50)], failure);
    await expect(bytesOf(gunzip(stream))).rejects.toBe(failure);
  });

  test('releases the input when it is left', async () => {
    const pieces = Array<Uint8Array>(100).fill(gzipSync(TEXT));
    const { stream, taken, whenReleased } = watched(pieces);
    await firstOf(gunzip(stream));
    await whenReleased;
    expect(taken()).toBeLessThan(pieces.length);
  });

  test('ignores zeros behind the compressed data', async () => {
    const zeros = Array<Uint8Array>(100).fill(Buffer.alloc(64 * 1024));
    const { stream, whenReleased } = watched([gzipSync(TEXT), ...zeros]);
    expect(await bytesOf(gunzip(stream))).toEqual(TEXT);
    await whenReleased;
  });

  test('closes the file that it reads', async () => {
    const directory = await temporaryDirectory();
    const path = join(directory, 'file.gz');
    await writeFile(path, Buffer.concat([gzipSync(noise(2 ** 20)), Buffer.alloc(2 ** 20)]));
    for (const take of [firstOf, bytesOf]) {
      const { stream, whenReleased } = watch(readFileStream(path));
      await take(gunzip(stream));
      await whenReleased;
      expect(await openFiles(directory)).toEqual([]);
    }
  });
});

test('decompress leaves plain data alone', async () => {
  const { stream } = watched([TEXT]);
  expect(decompress(stream, 'none')).toBe(stream);
});

describe('decompressAny', () => {
  test.each([[''], ['x'], ['no magic here']])('leaves %j alone', async (text) => {
    expect(String(await bytesOf(decompressAny(reusing(Buffer.from(text), [3]))))).toBe(text);
  });

  test('takes what is hardly compressed', async () => {
    const stored = gzipSync(TEXT, { level: constants.Z_NO_COMPRESSION });
    expect(await bytesOf(decompressAny(reusing(stored)))).toEqual(TEXT);
  });
});

describe.each([
  ['bzip2', '425a6839'],
  ['xz', 'fd377a585a000004'],
  ['zstd', '28b52ffd'],
] as const)('%s', (compression, magic) => {
  const unsupported = { code: 'UNSUPPORTED', origin: 'source', hint: expect.any(String) };

  test('cannot be decompressed', () => {
    const { stream, taken } = watched([Buffer.from(magic, 'hex')]);
    expect(() => decompress(stream, compression)).toThrow(expect.objectContaining(unsupported));
    expect(taken()).toBe(0);
  });

  test('is found out, and its input released', async () => {
    const { stream, released } = watched([Buffer.from(magic, 'hex'), Buffer.alloc(100)]);
    await expect(bytesOf(decompressAny(stream))).rejects.toMatchObject(unsupported);
    expect(released()).toBe(true);
  });
});
