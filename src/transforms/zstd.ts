/** Writes zstd on all cores: frames of equal length, each compressed by itself. */
import * as zlib from 'node:zlib';
import type { ByteStream } from '../io/bytes.ts';
import { BlockMemory } from './block-memory.ts';
import { compressBlocks, type PlainBlock } from './block-queue.ts';
import { BLOCK_THREADS, blockThreads, compressInThread } from './block-thread.ts';
import { zstdEffort } from './zstd-effort.ts';
import { frameBound } from './zstd-frame.ts';
import { zstdLibrary } from './zstd-library.ts';
import { formatParameters, type ZstdParameters } from './zstd-parameters.ts';

export interface ZstdOptions {
  /** 1 (fastest) to 22 (smallest); any other integer is taken for the nearer; unset means 3. */
  readonly level?: number | undefined;
}

/** By the length of frames. While a thread compresses one, another is being filled or taken. */
const memories = new Map<number, BlockMemory>();

/**
 * Names what decides the compressed bytes apart from the plain ones: the same name, the same bytes.
 * To be changed (`v2`) whenever {@link zstd} comes to write others.
 * @throws OcipushError UNSUPPORTED when there is no libzstd
 */
export function zstdCodec(level: number | undefined): string {
  const { kind, version } = zstdLibrary();
  const { frameSize, parameters } = zstdEffort(level);
  return `zstd v2 frames of ${frameSize} ${formatParameters(parameters)} ${kind} ${version}`;
}

/**
 * Compresses a stream to frames with checksums, which readers take for one stream (RFC 8878, 3). The
 * same input, level and libzstd give the same bytes on any number of cores.
 * @throws OcipushError UNSUPPORTED when there is no libzstd
 */
export async function* zstd(input: ByteStream, { level }: ZstdOptions): ByteStream {
  const { frameSize, parameters } = zstdEffort(level);
  const compress = zstdLibrary().kind === 'napi' ? compressWithNapi : compressWithNode;
  yield* compressBlocks(input, {
    blockSize: frameSize,
    window: 0,
    memory: memoryFor(frameSize),
    compress: (block) => compress(block, parameters),
  });
}

function memoryFor(frameSize: number): BlockMemory {
  const memory =
    memories.get(frameSize) ?? new BlockMemory(frameBound(frameSize), 2 * BLOCK_THREADS);
  memories.set(frameSize, memory);
  return memory;
}

function compressWithNapi(
  { memory, length }: PlainBlock,
  parameters: ZstdParameters,
): Promise<Uint8Array> {
  const options = { parameters, memory, length };
  return compressInThread({ name: 'zstd-frame', options }, blockThreads);
}

/** Of Node 22.15 and later: what its types for Node 20 do not have. */
interface ZlibWithZstd {
  readonly zstdCompress: (
    bytes: Uint8Array,
    options: { readonly params: Readonly<Record<number, number>>; readonly pledgedSrcSize: number },
    callback: (error: Error | null, result: Uint8Array) => void,
  ) => void;
}

function compressWithNode(
  { memory, length }: PlainBlock,
  parameters: ZstdParameters,
): Promise<Uint8Array> {
  const params = Object.fromEntries(parameters) as Record<number, number>;
  const options = { params, pledgedSrcSize: length };
  const { zstdCompress } = zlib as unknown as ZlibWithZstd;
  return new Promise((resolve, reject) => {
    zstdCompress(new Uint8Array(memory, 0, length), options, (error, bytes) =>
      error ? reject(error) : resolve(bytes),
    );
  });
}
