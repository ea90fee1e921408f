/** Rebuilds the tar of a layer, byte for byte as it was when it came into the storage. */
import { closeSync, readSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ByteStream } from '../../io/bytes.ts';
import { OcipushError } from '../../errors.ts';
import { DiffDirectory, missingFile } from './diff-directory.ts';
import { invalidTarSplit, readTarSplit, type TarSplitEntry } from './tar-split.ts';

/** What a layer is rebuilt from: plain data, for it may be done in another process. */
export interface LayerFiles {
  /** The path of the `.tar-split.gz`. */
  readonly tarSplit: string;
  /** Directories with the files: the layer's own, then its parents'. */
  readonly directories: readonly string[];
}

/**
 * Bytes of a chunk. All but the last are full: sockets wait for a chunk of this size to leave,
 * which is what makes reusing the buffer safe.
 */
const CHUNK = 512 * 1024;

/** Puts the next bytes of a part, `length` at most, into the buffer at `offset`; says how many. */
type Fill = (buffer: Buffer, offset: number, length: number) => number;

/** A part of the tar that is being read. */
interface Part {
  readonly size: number;
  readonly fill: Fill;
  close(): void;
}

/**
 * The tar, in chunks whose buffer is used again. The bytes are not verified.
 * @param end where the consumer will stop; nothing is read for what stands behind
 * @throws OcipushError FILE_NOT_FOUND, FILE_UNREADABLE, DIGEST_MISMATCH, ARCHIVE_INVALID
 */
export async function* rebuildLayer(
  { tarSplit, directories }: LayerFiles,
  end = Infinity,
): ByteStream {
  const places = directories.map((directory) => new DiffDirectory(directory));
  const chunk = new Chunk(Math.min(CHUNK, end));
  for await (const entries of readTarSplit(tarSplit)) {
    for (const entry of entries) {
      const part = openPart(entry, places);
      try {
        for (let left = part.size; left > 0;) {
          left -= chunk.fill(part, left);
          if (!chunk.isFull) continue;
          yield chunk.take();
          // Files are read synchronously: between chunks everybody else has a turn.
          await nextTurn();
        }
      } finally {
        part.close();
      }
    }
  }
  if (!chunk.isEmpty) yield chunk.take();
}

/** A buffer that is filled again and again. */
class Chunk {
  readonly #buffer: Buffer;
  #filled = 0;

  constructor(size: number) {
    this.#buffer = Buffer.allocUnsafeSlow(size);
  }

  get isEmpty(): boolean {
    return this.#filled === 0;
  }

  get isFull(): boolean {
    return this.#filled === this.#buffer.length;
  }

  /** Adds bytes of a part, of which `left` are left; says how many. */
  fill(part: Part, left: number): number {
    const room = this.#buffer.length - this.#filled;
    const count = part.fill(this.#buffer, this.#filled, Math.min(left, room));
    this.#filled += count;
    return count;
  }

  /** What has been added. */
  take(): Buffer {
    const taken = this.#buffer.subarray(0, this.#filled);
    this.#filled = 0;
    return taken;
  }
}

function openPart(entry: TarSplitEntry, places: readonly DiffDirectory[]): Part {
  if (entry.kind === 'segment') return segmentPart(entry.payload, entry.size);
  const { name, size } = entry;
  for (const place of places) {
    const descriptor = place.open(name, size);
    if (descriptor !== undefined) return filePart(descriptor, name, size);
  }
  throw missingFile(name);
}

/** Most segments fit: they are decoded right where they belong. */
function segmentPart(payload: string, size: number): Part {
  let position = 0;
  return {
    size,
    fill: (buffer, offset, length) => {
      const count =
        length === size
          ? buffer.write(payload, offset, length, 'base64')
          : Buffer.from(payload, 'base64').copy(buffer, offset, position, position + length);
      if (count < length) throw invalidTarSplit('expected base64');
      position += count;
      return count;
    },
    close: () => undefined,
  };
}

function filePart(descriptor: number, name: string, size: number): Part {
  return {
    size,
    fill: (buffer, offset, length) => {
      const count = readSync(descriptor, buffer, offset, length, null);
      if (count > 0) return count;
      throw new OcipushError('FILE_UNREADABLE', `reading ${JSON.stringify(name)}: unexpected EOF`);
    },
    close: () => closeSync(descriptor),
  };
}
