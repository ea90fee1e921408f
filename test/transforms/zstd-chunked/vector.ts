/** A layer of which it is known what becomes of it, and ways to read what has become of a layer. */
import { expect } from 'vitest';
import { digestOf } from '../../../src/image/digest.ts';
import { zstdBinding } from '../../../src/transforms/zstd-library.ts';
import { BLOCK, headerBlock, octal, padded } from '../../support/tar.ts';

/** Bytes of the records that tar files are filled up to. */
const RECORD = 20 * BLOCK;

interface VectorMember {
  readonly name: string;
  readonly type?: string;
  readonly mode?: string;
  readonly owner?: string;
  readonly target?: string;
  readonly content?: Uint8Array;
}

/** A linear congruential generator: bytes that do not compress, and are the same everywhere. */
function pseudoRandom(size: number): Buffer {
  let state = 1n;
  return Buffer.from(
    Array.from({ length: size }, () => {
      state = (state * 1_103_515_245n + 12_345n) & 0x7fffffffn;
      return Number((state >> 16n) & 0xffn);
    }),
  );
}

const zeros = (size: number): Buffer => Buffer.alloc(size);
const letters = (letter: string, size: number): Buffer => Buffer.alloc(size, letter);

const MEMBERS: readonly VectorMember[] = [
  { name: 'd/', type: '5', mode: '0000755' },
  { name: 'd/a.txt', content: Buffer.from('hello\n') },
  {
    name: 'd/b.txt',
    mode: '0000755',
    owner: '0001750',
    content: Buffer.from('world\n'.repeat(10)),
  },
  { name: 'd/c.txt', content: letters('x', 512) },
  { name: 'd/empty' },
  { name: 'd/big.bin', content: pseudoRandom(307_200) },
  { name: 'd/hard', type: '1', target: 'd/a.txt' },
  { name: 'd/sym', type: '2', mode: '0000777', target: 'a.txt' },
  {
    name: 'd/zeros',
    content: Buffer.concat([
      letters('A', 1000),
      zeros(5000),
      letters('B', 500),
      zeros(1023),
      letters('C', 1),
      zeros(1024),
    ]),
  },
  { name: 'd/zstart', content: Buffer.concat([zeros(4096), Buffer.from('end')]) },
];

/** What Python's tarfile makes of these members in its USTAR_FORMAT. */
export function vectorTar(): Buffer {
  const members = MEMBERS.flatMap(
    ({
      name,
      type = '0',
      mode = '0000644',
      owner = '0000000',
      target = '',
      content = zeros(0),
    }) => [
      headerBlock(name, {
        100: `${mode}\u0000`,
        108: `${owner}\u0000`,
        116: `${owner}\u0000`,
        124: octal(content.length),
        136: octal(1_700_000_000),
        156: type,
        157: target,
      }),
      padded(content),
    ],
  );
  const tar = Buffer.concat([...members, zeros(2 * BLOCK)]);
  return Buffer.concat([tar, zeros(Math.ceil(tar.length / RECORD) * RECORD - tar.length)]);
}

/** Where things stand in a layer, as its annotations say. */
const KEY = 'io.github.containers.zstd-chunked.';

export interface ReadLayer {
  /** Bytes of the contents of each frame, of which none is skippable. */
  readonly frames: readonly Buffer[];
  /** Where each of these frames begins, and where the last one ends. */
  readonly positions: readonly number[];
  readonly toc: TableOfContents;
  readonly tarSplit: readonly Readonly<Record<string, unknown>>[];
  readonly footer: Buffer;
}

export interface TableOfContents {
  readonly version: number;
  readonly entries: readonly Readonly<Record<string, unknown>>[] | null;
  readonly tarSplitDigest: string;
}

/** Takes a layer apart; its digests are checked. */
export function readLayer(blob: Buffer, annotations: Readonly<Record<string, string>>): ReadLayer {
  const numbers = (name: string): readonly number[] =>
    (annotations[KEY + name] ?? '').split(':').map(Number);
  const [tocAt = 0, tocSize = 0, tocPlain, type] = numbers('manifest-position');
  const [splitAt = 0, splitSize = 0, splitPlain] = numbers('tarsplit-position');
  const toc = blob.subarray(tocAt, tocAt + tocSize);
  const tarSplit = blob.subarray(splitAt, splitAt + splitSize);
  const [tocText, splitText] = [plain(toc), plain(tarSplit)];
  expect(annotations[`${KEY}manifest-checksum`]).toBe(digestOf(toc));
  expect([tocText.length, splitText.length, type]).toEqual([tocPlain, splitPlain, 1]);
  const read = JSON.parse(tocText.toString()) as TableOfContents;
  expect(read.tarSplitDigest).toBe(digestOf(tarSplit));
  return {
    ...framesOf(blob.subarray(0, tocAt - 8)),
    toc: read,
    tarSplit: splitText
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>),
    footer: blob.subarray(-72),
  };
}

function framesOf(blob: Buffer): Pick<ReadLayer, 'frames' | 'positions'> {
  const frames: Buffer[] = [];
  const positions = [0];
  for (let position = 0; position < blob.length;) {
    const size = zstdBinding().findFrameCompressedSize(blob.subarray(position));
    frames.push(plain(blob.subarray(position, position + size)));
    position += size;
    positions.push(position);
  }
  return { frames, positions };
}

/** All that zstd can be made of at once; contents need not state their size. */
export function plain(compressed: Uint8Array): Buffer {
  const output = Buffer.alloc(64 * 1024 * 1024);
  return Buffer.from(output.subarray(0, zstdBinding().decompress(output, compressed)));
}
