/** Gzip on all cores: one member, whose blocks are deflated in parallel and joined. */
import { crc32 } from 'node:zlib';
import type { ByteStream } from '../io/bytes.ts';
import { BlockMemory } from './block-memory.ts';
import { compressBlocks } from './block-queue.ts';
import { BLOCK_THREADS, blockThreads, compressInThread } from './block-thread.ts';
import { DEFLATE_BLOCK, DEFLATE_WINDOW, deflateBound, type DeflateEffort } from './deflate.ts';
import { extraFlags, gzipEffort } from './gzip-effort.ts';

export interface GzipOptions {
  /** 1 (fastest) to 9 (smallest), 0 (stored), -2 (Huffman coding alone); unset or -1: the default. */
  readonly level?: number | undefined;
}

/** While a thread compresses a block, others wait for it, are being filled or taken. */
const memory = new BlockMemory(DEFLATE_WINDOW + deflateBound(DEFLATE_BLOCK), 4 * BLOCK_THREADS);

/**
 * Names what decides the compressed bytes apart from the plain ones: the same name, the same bytes.
 * To be changed (`v2`) whenever {@link gzip} comes to write others.
 */
export function gzipCodec(level: number | undefined): string {
  const effort = gzipEffort(level);
  if (effort === 'stored') return 'gzip v2 stored';
  return `gzip v2 ${effort.depth} candidates, lazy below ${effort.lazyLength}, up to ${effort.niceLength}`;
}

/**
 * Compresses a stream. The same input and level give the same bytes on any number of cores: MTIME is
 * 0, blocks are cut at every MiB, each is deflated with the 32 KiB before it as dictionary and ends
 * on a byte boundary (a sync flush), whoever finished first.
 */
export async function* gzip(input: ByteStream, { level }: GzipOptions): ByteStream {
  const effort = gzipEffort(level);
  yield header(effort);
  let checksum = 0;
  let size = 0;
  async function* counted(): ByteStream {
    for await (const chunk of input) {
      checksum = crc32(chunk, checksum);
      size += chunk.length;
      yield chunk;
    }
  }
  yield* compressBlocks(counted(), {
    blockSize: DEFLATE_BLOCK,
    window: DEFLATE_WINDOW,
    memory,
    compress: (block) =>
      compressInThread({ name: 'deflate-block', options: { ...block, effort } }, blockThreads),
  });
  yield trailer(checksum, size);
}

/** RFC 1952, 2.3.1: no name, no time, unknown operating system. */
function header(effort: DeflateEffort): Uint8Array {
  return Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, extraFlags(effort), 0xff);
}

/** An empty last deflate block, then CRC-32 and length modulo 2^32 of the plain bytes. */
function trailer(checksum: number, size: number): Uint8Array {
  const bytes = Buffer.alloc(10);
  bytes.writeUInt16LE(0x0003, 0);
  bytes.writeUInt32LE(checksum, 2);
  bytes.writeUInt32LE(size % 2 ** 32, 6);
  return bytes;
}
