/** Gzip on all cores: one member, whose blocks are deflated in parallel and joined. */
import { constants, crc32, deflateRaw } from 'node:zlib';
import { MIB, type ByteStream } from '../io/bytes.ts';
import { OcipushError } from '../errors.ts';
import type { Limiter } from '../io/limiter.ts';

/** How far back deflate may refer (RFC 1951): what a block needs to know of those before it. */
const WINDOW = 32 * 1024;

/** At most so many blocks of one layer wait for their turn; more would only cost memory. */
const BLOCKS_AHEAD = 4;

/** Bytes zlib makes room for at a time: most blocks come to less. */
const OUTPUT_CHUNK = 512 * 1024;

const HUFFMAN_ONLY = -2;
const DEFAULT_LEVEL = -1;
/** What the reference takes -1 for. */
const REFERENCE_DEFAULT = 5;

export interface GzipOptions {
  /** 1 (fastest) to 9 (smallest), 0 (stored), -2 (Huffman coding alone); unset or -1: the default. */
  readonly level?: number | undefined;
  /** Bounds the blocks in flight, over all layers that share it. */
  readonly blocks: Limiter;
}

/** @throws OcipushError USAGE for a level that gzip does not have */
export function checkGzipLevel(level: number | undefined): void {
  if (level === undefined) return;
  if (Number.isInteger(level) && level >= HUFFMAN_ONLY && level <= 9) return;
  throw new OcipushError('USAGE', `gzip: invalid compression level: ${level}`, {
    origin: 'usage',
    hint: 'gzip takes levels 1 (fastest) to 9 (smallest)',
  });
}

/**
 * Names what decides the compressed bytes apart from the plain ones: the same name, the same bytes.
 * To be changed (`v1`) whenever {@link gzip} comes to write others.
 */
export function gzipCodec(level: number | undefined): string {
  const { level: effort, memLevel, strategy } = effortOf(level);
  return `gzip v1 level ${effort}.${memLevel}.${strategy} zlib ${process.versions.zlib}`;
}

/**
 * Compresses a stream. The same input, level and zlib give the same bytes on any number of cores:
 * MTIME is 0, blocks are cut at every MiB, each is deflated with the 32 KiB before it as dictionary
 * and ends on a byte boundary (a sync flush), whoever finished first.
 */
export async function* gzip(input: ByteStream, options: GzipOptions): ByteStream {
  const effort = effortOf(options.level);
  yield header(options.level);
  let checksum = 0;
  let size = 0;
  const running: Promise<Uint8Array>[] = [];
  for await (const { block, dictionary, release } of blocksOf(input)) {
    checksum = crc32(block, checksum);
    size += block.length;
    const deflated = options.blocks(() => deflateBlock(block, dictionary, effort));
    // Its outcome is awaited below, in order; a stream that is left early awaits no more.
    void deflated.then(release, release);
    running.push(deflated);
    if (running.length >= BLOCKS_AHEAD) yield await (running.shift() as Promise<Uint8Array>);
  }
  while (running.length > 0) yield await (running.shift() as Promise<Uint8Array>);
  yield trailer(checksum, size);
}

interface Effort {
  readonly level: number;
  readonly memLevel: number;
  readonly strategy: number;
}

/**
 * The fastest level and memLevel of zlib whose output is no larger than the reference's
 * (klauspost/compress in skopeo 1.18) at the level that is the index; measured on each of three
 * layers of 101, 170 and 187 MB: a Debian root, libraries of gcc, perl and python3, Node.js. A
 * memLevel of 9 takes a twentieth less time than 8, and writes half a percent more.
 */
const ZLIB_EFFORT: readonly (readonly [level: number, memLevel: number])[] = [
  [0, 9],
  [1, 9],
  [2, 9],
  [2, 9],
  [4, 9],
  [4, 9],
  [5, 9],
  [5, 8],
  [6, 8],
  [9, 8],
];

function effortOf(level = DEFAULT_LEVEL): Effort {
  if (level === HUFFMAN_ONLY) {
    return { level: 1, memLevel: 9, strategy: constants.Z_HUFFMAN_ONLY };
  }
  const wished = level === DEFAULT_LEVEL ? REFERENCE_DEFAULT : level;
  const [zlibLevel, memLevel] = ZLIB_EFFORT[wished] ?? [wished, 9];
  return { level: zlibLevel, memLevel, strategy: constants.Z_DEFAULT_STRATEGY };
}

/** RFC 1952, 2.3.1: no name, no time; XFL tells the extreme levels; unknown operating system. */
function header(level: number | undefined): Uint8Array {
  const extraFlags = level === 9 ? 2 : level === 1 ? 4 : 0;
  return Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, extraFlags, 0xff);
}

/** An empty last deflate block, then CRC-32 and length modulo 2^32 of the plain bytes. */
function trailer(checksum: number, size: number): Uint8Array {
  const bytes = Buffer.alloc(10);
  bytes.writeUInt16LE(0x0003, 0);
  bytes.writeUInt32LE(checksum, 2);
  bytes.writeUInt32LE(size % 2 ** 32, 6);
  return bytes;
}

interface Block {
  readonly block: Uint8Array;
  /** The end of the block before; undefined for the first. */
  readonly dictionary: Uint8Array | undefined;
  /** Gives the memory of the block back: nothing of it is read any more. */
  readonly release: () => void;
}

/** Copies the stream into blocks of a MiB; the memory of released ones is used again. */
async function* blocksOf(input: ByteStream): AsyncGenerator<Block> {
  const spare: Buffer[] = [];
  let buffer: Buffer = Buffer.allocUnsafeSlow(MIB);
  let filled = 0;
  let dictionary: Uint8Array | undefined;
  const finish = (): Block => {
    const whole = buffer;
    const block = whole.subarray(0, filled);
    const finished = { block, dictionary, release: () => void spare.push(whole) };
    dictionary = Uint8Array.from(block.subarray(-WINDOW));
    buffer = spare.pop() ?? Buffer.allocUnsafeSlow(MIB);
    filled = 0;
    return finished;
  };
  for await (const chunk of input) {
    for (let taken = 0; taken < chunk.length;) {
      const part = chunk.subarray(taken, taken + MIB - filled);
      buffer.set(part, filled);
      filled += part.length;
      taken += part.length;
      if (filled === MIB) yield finish();
    }
  }
  if (filled > 0) yield finish();
}

function deflateBlock(
  block: Uint8Array,
  dictionary: Uint8Array | undefined,
  effort: Effort,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const options = {
      ...effort,
      chunkSize: OUTPUT_CHUNK,
      finishFlush: constants.Z_SYNC_FLUSH,
      ...(dictionary && { dictionary }),
    };
    deflateRaw(block, options, (error, result) => (error ? reject(error) : resolve(result)));
  });
}
