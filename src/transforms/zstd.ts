/** Writes zstd on all cores: frames of equal length, each compressed by itself. */
import type { ByteStream } from '../io/bytes.ts';
import { zstdEffort } from './zstd-effort.ts';
import { FrameQueue } from './zstd-frame-queue.ts';
import { zstdLibrary } from './zstd-library.ts';

export interface ZstdOptions {
  /** 1 (fastest) to 22 (smallest); any other integer is taken for the nearer; unset means 3. */
  readonly level?: number | undefined;
}

/**
 * Names what decides the compressed bytes apart from the plain ones: the same name, the same bytes.
 * To be changed (`v2`) whenever {@link zstd} comes to write others.
 * @throws OcipushError UNSUPPORTED when there is no libzstd
 */
export function zstdCodec(level: number | undefined): string {
  const { kind, version } = zstdLibrary();
  const { frameSize, parameters } = zstdEffort(level);
  const settings = parameters.map((pair) => pair.join('=')).join(' ');
  return `zstd v2 frames of ${frameSize} ${settings} ${kind} ${version}`;
}

/**
 * Compresses a stream to frames with checksums, which readers take for one stream (RFC 8878, 3). The
 * same input, level and libzstd give the same bytes on any number of cores.
 * @throws OcipushError UNSUPPORTED when there is no libzstd
 */
export async function* zstd(input: ByteStream, { level }: ZstdOptions): ByteStream {
  const frames = new FrameQueue(zstdEffort(level));
  try {
    for await (const chunk of input) {
      for (let pushed = 0; pushed < chunk.length;) {
        while (!frames.hasRoom()) yield* frames.takeOldest();
        pushed += frames.push(chunk.subarray(pushed));
      }
    }
    frames.finish();
    while (frames.length > 0) yield* frames.takeOldest();
  } finally {
    frames.close();
  }
}
