import { join } from 'node:path';
import { constants, gzipSync } from 'node:zlib';
import { writeFile } from 'node:fs/promises';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MIB } from '../../src/io/bytes.ts';
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
    const pieces = Array<Uint8Array>(10_000).fill(gzipSync(TEXT));
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

/** What `xz`, `bzip2 -1` and `zstd` make of {@link TEXT}. */
const COMPRESSED = {
  bzip2:
    '425a6831314159265359644eaba900752a11804000020004402000405280669a68a82a38a82a334a82a38a82a3cc50564994d67203e40c000000e46010000080011008000c334d044156608e0e2ee48a70a12001258ec4',
  xz: 'fd377a585a000004e6d6b4460200210116000000742fe5a3e1869f00595d003a194b78103c192591b663b8ae658b7f283c018e3a4747eb59ba7d32c02ed26ed72789e8c85316ed623c07cc5e0a24abc05894740c1b7b6bd914a52db9af7aec13500bfd737eb6f3de3e91b46050c1dbc7e9754eb0ca9a130000000000a7c036b6805eccdd000175a08d0600006dc523f3b1c467fb020000000004595a',
  zstd: '28b52ffd04586d000028746578742001009886c88b1605b0f27c',
} as const;

const FORMATS = Object.entries(COMPRESSED).map(
  ([format, hex]) => [format as keyof typeof COMPRESSED, Buffer.from(hex, 'hex')] as const,
);

describe.each(FORMATS)('%s', (format, compressed) => {
  test('is read, however it comes', async () => {
    for (const sizes of [[], [1, 1, 1, 1, 9], [0, 20]]) {
      expect((await bytesOf(decompress(reusing(compressed, sizes), format))).equals(TEXT)).toBe(
        true,
      );
      expect((await bytesOf(decompressAny(reusing(compressed, sizes)))).equals(TEXT)).toBe(true);
    }
  });

  test('is read to the end of all that follows', async () => {
    const three = Buffer.concat([compressed, compressed, compressed]);
    for (const sizes of [[], Array<number>(three.length).fill(1)]) {
      const plain = await bytesOf(decompress(reusing(three, sizes), format));
      expect(plain.equals(Buffer.concat([TEXT, TEXT, TEXT]))).toBe(true);
    }
  });

  test('several at once', async () => {
    const streams = Array.from({ length: 4 }, () => decompress(reusing(compressed), format));
    const taken = streams.map((stream) => stream[Symbol.asyncIterator]());
    // Each begins when the one before has ended.
    for (const iterator of taken) {
      await iterator.next();
      await iterator.return?.();
    }
    expect((await bytesOf(decompress(reusing(compressed), format))).equals(TEXT)).toBe(true);
  });

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['all but the last byte', compressed.subarray(0, -1)],
    ['the beginning', compressed.subarray(0, 20)],
    ['the magic', compressed.subarray(0, 6)],
    ['what has another checksum', flipped(compressed, format === 'zstd' ? -1 : 14)],
    ['it, followed by what is none', Buffer.concat([compressed, Buffer.from('text')])],
    ['it, followed by a part', Buffer.concat([compressed, compressed.subarray(0, 10)])],
  ])('refuses %s', async (_, bytes) => {
    await expect(bytesOf(decompress(reusing(bytes, [9]), format))).rejects.toMatchObject(DAMAGED);
  });

  test('fails as the input does', async () => {
    const failure = Object.assign(new Error('broken'), { code: 'EIO' });
    const { stream, released } = watched([compressed.subarray(0, 15)], failure);
    await expect(bytesOf(decompress(stream, format))).rejects.toBe(failure);
    expect(released()).toBe(true);
  });

  test('releases the input when it is left, and when it is damaged', async () => {
    const left = watched(Array<Uint8Array>(200).fill(compressed));
    await firstOf(decompress(left.stream, format));
    expect(left.released()).toBe(true);
    const damaged = watched([Buffer.from('none'), ...Array<Uint8Array>(100).fill(noise(MIB))]);
    await expect(bytesOf(decompress(damaged.stream, format))).rejects.toMatchObject(DAMAGED);
    expect(damaged.released()).toBe(true);
    expect(damaged.taken()).toBeLessThan(20);
  });
});

describe('limits', () => {
  // `xz --lzma2=preset=1,dict=65MiB`
  test('of the window of xz', async () => {
    const bytes = rewritten(COMPRESSED.xz, {
      12: '020021011d00000075a8e474',
    });
    await expect(bytesOf(decompress(reusing(bytes), 'xz'))).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      origin: 'source',
    });
  });

  test('of the window of zstd', async () => {
    const window = (byte: string): Buffer => rewritten(COMPRESSED.zstd, { 5: byte });
    expect(await bytesOf(decompress(reusing(window('88')), 'zstd'))).toHaveLength(TEXT.length);
    await expect(bytesOf(decompress(reusing(window('89')), 'zstd'))).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      origin: 'source',
    });
  });

  // `xz -C sha256`, `xz --x86 --lzma2`
  test.each([
    ['a check', { 6: '000ae1fb0ca1' }],
    ['a filter', { 12: '02010400210116000d86351f' }],
  ])('of xz: %s that the library does not have', async (_, changes) => {
    const bytes = rewritten(COMPRESSED.xz, changes);
    await expect(bytesOf(decompress(reusing(bytes), 'xz'))).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      origin: 'source',
      hint: expect.any(String),
    });
  });
});

test.each([
  ['xz', Buffer.from(COMPRESSED.xz, 'hex'), 'xz'],
  ['bzip2', Buffer.from(COMPRESSED.bzip2, 'hex'), 'bzip2'],
  ['zstd with a large window', rewritten(COMPRESSED.zstd, { 5: '88' }), 'zstd'],
] as const)('of %s only one stream at a time is in memory', async (_, compressed, format) => {
  const first = decompress(reusing(compressed), format)[Symbol.asyncIterator]();
  const { stream, taken } = watched(Array<Uint8Array>(4).fill(compressed));
  await first.next();
  const second = bytesOf(decompress(stream, format));
  await first.next();
  // The first bytes tell what it is.
  expect(taken()).toBeLessThan(2);
  await first.return?.();
  expect((await second).equals(Buffer.concat(Array<Buffer>(4).fill(TEXT)))).toBe(true);
});

test('behind a frame of zstd with a usual window there must be no larger one', async () => {
  const usual = Buffer.from(COMPRESSED.zstd, 'hex');
  const large = rewritten(COMPRESSED.zstd, { 5: '88' });
  const behind = decompress(reusing(Buffer.concat([usual, large])), 'zstd');
  await expect(bytesOf(behind)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  const before = decompress(reusing(Buffer.concat([large, usual])), 'zstd');
  expect((await bytesOf(before)).equals(Buffer.concat([TEXT, TEXT]))).toBe(true);
});

test('skippable frames of zstd are skipped', async () => {
  const skippable = Buffer.from('5f2a4d1803000000aabbcc', 'hex');
  const frame = Buffer.from(COMPRESSED.zstd, 'hex');
  const bytes = Buffer.concat([skippable, frame, skippable, skippable, frame, skippable]);
  for (const sizes of [[], Array<number>(bytes.length).fill(1)]) {
    const plain = await bytesOf(decompress(reusing(bytes, sizes), 'zstd'));
    expect(plain.equals(Buffer.concat([TEXT, TEXT]))).toBe(true);
  }
  expect(await bytesOf(decompressAny(reusing(skippable)))).toHaveLength(0);
});

test('a bomb of bzip2 comes in pieces', async () => {
  // `head -c 47000000 /dev/zero | bzip2 -9`: the first block alone makes 46 MB.
  const bomb = Buffer.from(
    '425a68393141592653590e09e2df015f8e4000c0000008200030804d4642a025a90a8097314159265359806f0be100086e4008c00002000008200020a534198c54a0d895283c5dc914e1424271f3397c',
    'hex',
  );
  const sizes: number[] = [];
  for await (const { length } of decompress(reusing(bomb), 'bzip2')) sizes.push(length);
  expect(Math.max(...sizes)).toBe(256 * 1024);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(47_000_000);
});

function flipped(bytes: Uint8Array, position: number): Buffer {
  const copy = Buffer.from(bytes);
  const index = position < 0 ? bytes.length + position : position;
  copy[index] = (copy[index] ?? 0) ^ 0xff;
  return copy;
}

/** The bytes in hexadecimal, with others at some places. */
function rewritten(hex: string, changes: Readonly<Record<number, string>>): Buffer {
  const bytes = Buffer.from(hex, 'hex');
  for (const [place, change] of Object.entries(changes)) bytes.write(change, Number(place), 'hex');
  return bytes;
}
