import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/image/digest.ts';
import { MIB } from '../../../src/io/bytes.ts';
import {
  BATCH,
  BATCH_ROOM,
  type FrameBatch,
} from '../../../src/transforms/zstd-chunked/frame-batch.ts';
import { FrameCompressor } from '../../../src/transforms/zstd-chunked/frame-compressor.ts';
import { layerStream } from '../../../src/transforms/zstd-chunked/layer-stream.ts';
import { isChunkedObstacle } from '../../../src/transforms/zstd-chunked/obstacle.ts';
import { CHECKSUM, COMPRESSION_LEVEL } from '../../../src/transforms/zstd-parameters.ts';
import { makeLayer, noise } from '../../support/make-image.ts';
import { reusing } from '../../support/streams.ts';
import { END, headerBlock, octal, padded, paxHeader, tarOf } from '../../support/tar.ts';
import { plain, readLayer, vectorTar, type ReadLayer } from './vector.ts';

interface Encoded {
  readonly blob: Buffer;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Compresses without other threads. */
async function encode(tar: Uint8Array, sizes: readonly number[] = [], level = 3): Promise<Encoded> {
  const texts = [[COMPRESSION_LEVEL, level], CHECKSUM] as const;
  const compressor = new FrameCompressor([[Infinity, texts]]);
  const threads = {
    capacity: 1,
    memory: () => new Uint8Array(BATCH),
    compress: async (batch: FrameBatch) => {
      const output = new Uint8Array(BATCH_ROOM);
      const result = compressor.compress(batch, output);
      return { ...result, frames: output.subarray(0, result.size), release: () => undefined };
    },
  };
  const stream = layerStream(reusing(tar, sizes), { texts, threads });
  const parts: Buffer[] = [];
  for (;;) {
    const next = await stream.next();
    if (next.done) return { blob: Buffer.concat(parts), annotations: next.value };
    parts.push(Buffer.from(next.value));
  }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('the layer of which all is known', () => {
  const tar = vectorTar();
  let blob: Buffer;
  let layer: ReadLayer;

  beforeAll(async () => {
    const encoded = await encode(tar);
    blob = encoded.blob;
    layer = readLayer(blob, encoded.annotations);
  });

  test('is the one', () => {
    expect(sha256(tar)).toBe('917cacd60516300fe93b5c129d0377f9ec2f861ab01548f9e1ae0c2a54999bba');
  });

  test('is read again by what reads zstd', () => {
    expect(plain(blob).equals(tar)).toBe(true);
  });

  test('has these frames', () => {
    expect(layer.frames.map(({ length }) => length)).toEqual([
      1024, 6, 1018, 60, 964, 512, 1024, 49253, 65256, 41131, 11963, 77785, 18138, 43674, 1536,
      1000, 5000, 1524, 1024, 668, 4096, 3, 11261,
    ]);
  });

  test('has this frame of a short file, with a checksum', () => {
    const frame = blob.subarray(layer.positions[1], layer.positions[2]);
    expect(frame.toString('hex')).toBe('28b52ffd240631000068656c6c6f0a5388bd91');
  });

  test('has this table of contents', () => {
    const at = (frame: number): number => layer.positions[frame] ?? NaN;
    const common = { mode: 420, modtime: '2023-11-14T22:13:20Z' };
    const digest = (start: string): unknown => expect.stringMatching(`^sha256:${start}`);
    const chunk = (name: string, frame: number, offset: number, size: number, start: string) => ({
      type: 'chunk',
      name,
      offset: at(frame),
      chunkSize: size,
      chunkOffset: offset,
      chunkDigest: digest(start),
    });
    const file = (name: string, size: number, frames: readonly number[], start: string) => ({
      type: 'reg',
      name,
      ...common,
      size,
      digest: digest(start),
      offset: at(frames[0] ?? NaN),
      endOffset: at((frames.at(-1) ?? NaN) + 1),
    });
    expect(layer.toc.version).toBe(1);
    expect(layer.toc.entries).toEqual([
      { type: 'dir', name: 'd/', ...common, mode: 493 },
      file('d/a.txt', 6, [1], '5891b5b522d5df08'),
      { ...file('d/b.txt', 60, [3], 'd9847af0a9879d93'), mode: 493, uid: 1000, gid: 1000 },
      file('d/c.txt', 512, [5], '64164443bb63e338'),
      { type: 'reg', name: 'd/empty', ...common },
      {
        ...file('d/big.bin', 307_200, [7, 13], '5ff62fa66f244f11'),
        chunkSize: 49_253,
        chunkDigest: digest('f587f476846be1f1'),
      },
      chunk('d/big.bin', 8, 49_253, 65_256, 'db7d98cd2527cbd6'),
      chunk('d/big.bin', 9, 114_509, 41_131, '361f918fee21a0ac'),
      chunk('d/big.bin', 10, 155_640, 11_963, '1ad558a7ffd8afff'),
      chunk('d/big.bin', 11, 167_603, 77_785, '65e97f44c3f64b30'),
      chunk('d/big.bin', 12, 245_388, 18_138, 'a63067769393c5fa'),
      chunk('d/big.bin', 13, 263_526, 43_674, '9acece53aacca2c3'),
      { type: 'hardlink', name: 'd/hard', linkName: 'd/a.txt', ...common },
      { type: 'symlink', name: 'd/sym', linkName: 'a.txt', ...common, mode: 511 },
      {
        ...file('d/zeros', 8548, [15, 18], '32e629b23c3806e4'),
        chunkSize: 1000,
        chunkDigest: digest('c2e686823489ced2'),
      },
      { ...chunk('d/zeros', 16, 1000, 5000, '7ca5bd879f393d9d'), chunkType: 'zeros' },
      chunk('d/zeros', 17, 6000, 1524, 'ec2ba10c8cb0882a'),
      { ...chunk('d/zeros', 18, 7524, 1024, '5f70bf18a0860070'), chunkType: 'zeros' },
      {
        ...file('d/zstart', 4099, [20, 21], '62e215d109a8c8b4'),
        chunkSize: 4096,
        chunkDigest: digest('ad7facb2586fc6e9'),
        chunkType: 'zeros',
      },
      chunk('d/zstart', 21, 4096, 3, '361e48d0308f20e3'),
    ]);
  });

  test('has this tar-split', () => {
    const files = layer.tarSplit.filter(({ type }) => type === 1);
    const payloads = Object.fromEntries(files.map(({ name, payload }) => [name, payload]));
    expect(payloads).toEqual({
      'd/': null,
      'd/a.txt': 'YUw+7uLYEAA=',
      'd/b.txt': 'NgQbh2QMdT8=',
      'd/c.txt': 'vNrv//////8=',
      'd/empty': null,
      'd/big.bin': 'jzTLQR0h7T8=',
      'd/hard': null,
      'd/sym': null,
      'd/zeros': 'mljMKeDmCBY=',
      'd/zstart': 'YG3RqS/DPJA=',
    });
    expect(layer.tarSplit.map(({ position }) => position)).toEqual([...layer.tarSplit.keys()]);
    expect(rebuilt(layer, tar).equals(tar)).toBe(true);
  });

  test('ends in a footer that says the same as the annotations', () => {
    const { footer } = layer;
    expect(footer.subarray(0, 8).toString('hex')).toBe('502a4d1840000000');
    expect(footer.subarray(64).toString()).toBe('GNUlInUx');
    const numbers = Array.from({ length: 7 }, (_, i) => Number(footer.readBigUInt64LE(8 + 8 * i)));
    const [tocAt = 0, tocSize = 0, , type, splitAt = 0, splitSize = 0] = numbers;
    expect(type).toBe(1);
    expect(splitAt).toBe(tocAt + tocSize + 8);
    expect(blob).toHaveLength(splitAt + splitSize + 72);
  });

  test('is the same however it comes', async () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 50_000 }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(sizes, async (cuts) => {
        expect((await encode(tar, cuts)).blob.equals(blob)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });
});

/** The tar that comes of its headers and the contents of its files. */
function rebuilt({ tarSplit }: ReadLayer, tar: Buffer): Buffer {
  let position = 0;
  const parts = tarSplit.map(({ type, payload, size }) => {
    const part =
      type === 2
        ? Buffer.from(String(payload), 'base64')
        : tar.subarray(position, position + Number(size ?? 0));
    position += part.length;
    return part;
  });
  return Buffer.concat(parts);
}

describe('layerStream', () => {
  test('spreads large frames over batches, always in the same way', async () => {
    const huge = Buffer.alloc(3 * BATCH, 'A');
    const tar = await makeLayer({
      a: noise(1000),
      huge,
      hole: Buffer.alloc(2 * BATCH + 5),
      random: noise(2 * BATCH),
      parts: Buffer.concat([huge, Buffer.alloc(2 * BATCH), Buffer.from('end')]),
      b: 'b',
    });
    const whole = await encode(tar);
    const layer = readLayer(whole.blob, whole.annotations);
    expect(layer.frames.map(({ length }) => length)).toContain(huge.length);
    expect(plain(whole.blob).equals(tar)).toBe(true);
    expect(rebuilt(layer, Buffer.from(tar)).equals(tar)).toBe(true);
    const entries = layer.toc.entries?.filter(({ type }) => type === 'reg') ?? [];
    expect(entries.map(({ name, digest }) => [name, digest])).toContainEqual([
      'huge',
      digestOf(huge),
    ]);
    const parts = layer.toc.entries?.filter(({ name }) => name === 'parts') ?? [];
    expect(parts.map(({ chunkDigest }) => chunkDigest)).toEqual(
      [huge, Buffer.alloc(2 * BATCH), Buffer.from('end')].map((bytes) => digestOf(bytes)),
    );
    for (const sizes of [[1, BATCH - 1], [BATCH, BATCH], Array<number>(900).fill(4096)]) {
      expect((await encode(tar, sizes)).blob.equals(whole.blob)).toBe(true);
    }
  });

  test.each([
    ['no members', END],
    ['zeros behind the end', Buffer.concat([END, Buffer.alloc(3 * MIB)])],
    ['something behind the end', Buffer.concat([END, Buffer.from('garbage')])],
    ['one zero block', END.subarray(512)],
  ])('carries a tar with %s', async (_, tar) => {
    const { blob, annotations } = await encode(tar, [1000, MIB, MIB, MIB]);
    const layer = readLayer(blob, annotations);
    expect(layer.toc.entries).toBe(null);
    expect(layer.frames).toHaveLength(1);
    expect(rebuilt(layer, tar).equals(tar)).toBe(true);
    expect(layer.tarSplit.every(({ payload }) => String(payload).length <= 1.4 * MIB)).toBe(true);
  });

  test('carries a tar without an end, and one with all kinds of headers', async () => {
    const long = `${'long/'.repeat(40)}name`;
    const tar = Buffer.concat([
      paxHeader('x', {
        path: 'ä/x<y',
        mtime: '1700000000.120',
        atime: '-1.5',
        uid: '3000000',
        'SCHILY.xattr.user.b': 'two',
        'SCHILY.xattr.user.a': '\u0001',
      }),
      headerBlock('short', { 124: octal(2) }),
      padded('ab'),
      headerBlock('././@LongLink', { 156: 'L', 124: octal(long.length + 1), 257: 'ustar  \u0000' }),
      padded(`${long}\u0000`),
      headerBlock('cut', { 257: 'ustar  \u0000', 136: octal(0) }),
      headerBlock('null', { 156: '3', 329: '0000001\u0000', 337: '0000003\u0000' }),
      headerBlock('name', { 345: 'prefix', 100: Buffer.from('8000000000000001', 'hex') }),
    ]);
    const { blob, annotations } = await encode(tar);
    const { toc } = readLayer(blob, annotations);
    expect(plain(blob).equals(tar)).toBe(true);
    const epoch = '1970-01-01T00:00:00Z';
    expect(toc.entries).toEqual([
      {
        type: 'reg',
        name: 'ä/x<y',
        size: 2,
        uid: 3_000_000,
        modtime: '2023-11-14T22:13:20.12Z',
        accesstime: '1969-12-31T23:59:58.5Z',
        xattrs: { 'user.a': 'AQ==', 'user.b': 'dHdv' },
        digest: digestOf(Buffer.from('ab')),
        offset: expect.any(Number),
        endOffset: expect.any(Number),
      },
      { type: 'reg', name: long, modtime: epoch },
      { type: 'char', name: 'null', devMajor: 1, devMinor: 3, modtime: epoch },
      { type: 'reg', name: 'prefix/name', mode: 1, modtime: epoch },
    ]);
  });

  test.each([[0], [100]])('carries a tar cut %i bytes behind its last contents', async (more) => {
    const first = Buffer.concat([headerBlock('a', { 124: octal(3) }), padded('one')]);
    const last = Buffer.concat([headerBlock('b', { 124: octal(3) }), padded('two')]);
    const tar = Buffer.concat([first, last.subarray(0, 512 + 3 + more)]);
    const { blob, annotations } = await encode(tar);
    const { toc, tarSplit } = readLayer(blob, annotations);
    expect(plain(blob).equals(tar)).toBe(true);
    expect(toc.entries).toMatchObject([
      { name: 'a', size: 3 },
      { name: 'b', size: 3 },
    ]);
    const contents: Readonly<Record<string, string>> = { a: 'one', b: 'two' };
    const parts = tarSplit.map(({ type, payload, name }) =>
      type === 2
        ? Buffer.from(String(payload), 'base64')
        : Buffer.from(contents[String(name)] ?? ''),
    );
    expect(Buffer.concat(parts).equals(tar)).toBe(true);
  });

  const file = headerBlock('file');
  test.each([
    ['nothing', Buffer.alloc(0)],
    ['no tar', Buffer.from('text'.repeat(500))],
    ['a cut header', file.subarray(0, 100)],
    ['cut contents', headerBlock('file', { 124: octal(9) })],
    ['a cut extended header', paxHeader('x', { path: 'a' })],
    ['a zero block between members', Buffer.concat([file, END.subarray(512), headerBlock('b')])],
    ['the same name twice', Buffer.concat([file, file])],
    ['the same name twice, cleaned', Buffer.concat([file, headerBlock('./x/../file')])],
    ['a name that is not UTF-8', headerBlock('x', { 0: Buffer.from('ff', 'hex') })],
    ['a link that is not UTF-8', headerBlock('x', { 156: '2', 157: Buffer.from('ff', 'hex') })],
    ['no name', headerBlock('')],
    ['a hard link with a size', headerBlock('x', { 156: '1', 157: 'y', 124: octal(1) })],
    ['a directory with a size', headerBlock('x/', { 156: '5', 124: octal(1) })],
    ['a global header', Buffer.concat([paxHeader('g', { comment: 'x' }), file])],
    ['a contiguous file', headerBlock('x', { 156: '7' })],
    ['an old sparse file', headerBlock('x', { 156: 'S', 257: 'ustar  \u0000' })],
    ['a sparse file', Buffer.concat([paxHeader('x', { 'GNU.sparse.major': '1' }), file])],
    ['a size that is no number', headerBlock('x', { 124: '12345678x\u0000' })],
    ['a size below 0', headerBlock('x', { 124: Buffer.from('ff'.repeat(12), 'hex') })],
    [
      'a wrong PAX record',
      Buffer.concat([headerBlock('pax', { 156: 'x', 124: octal(4) }), padded('9 a='), file]),
    ],
    ['much behind the end', Buffer.concat([file, END, Buffer.alloc(17 * MIB)])],
    ['a wrong PAX time', Buffer.concat([paxHeader('x', { mtime: 'now' }), file])],
    [
      'a time beyond all years',
      headerBlock('x', { 136: Buffer.from(`80${'00'.repeat(4)}7f${'ff'.repeat(6)}`, 'hex') }),
    ],
    [
      'two extended headers',
      Buffer.concat([paxHeader('x', { a: 'b' }), paxHeader('x', { c: 'd' }), file]),
    ],
  ])('says that it cannot carry %s', async (_, tar) => {
    const error: unknown = await encode(tar).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'UNSUPPORTED',
      origin: 'source',
      hint: expect.any(String),
    });
    expect(isChunkedObstacle(error)).toBe(true);
  });

  test('names of links do not count as names', async () => {
    const tar = await tarOf([
      { name: 'a', content: 'a' },
      { name: 'b', type: 'symlink', linkname: 'a' },
    ]);
    expect(
      readLayer(...(Object.values(await encode(tar)) as [Buffer, Record<string, string>])).toc
        .entries,
    ).toHaveLength(2);
  });
});
