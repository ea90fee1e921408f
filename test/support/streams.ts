/** Byte streams for tests, as unkind to their consumers as the contract allows. */
import type { ByteStream } from '../../src/io/bytes.ts';

/**
 * The bytes in pieces of these sizes, the rest in one, all in the same memory, which is wiped as
 * soon as the next piece is asked for.
 */
export async function* reusing(bytes: Uint8Array, sizes: readonly number[] = []): ByteStream {
  const memory = Buffer.alloc(bytes.length);
  let position = 0;
  for (const size of [...sizes, bytes.length]) {
    const piece = bytes.subarray(position, position + size);
    memory.set(piece);
    yield memory.subarray(0, piece.length);
    memory.fill(0xaa);
    position += piece.length;
  }
}

/** A stream that tells whether what is behind it has been released. */
export interface WatchedStream {
  readonly stream: ByteStream;
  /** Chunks that were asked for. */
  readonly taken: () => number;
  /** Whether it was taken to its end or ended before; not so one that nobody began. */
  readonly released: () => boolean;
  readonly whenReleased: Promise<void>;
}

/** These chunks, and then the failure if there is one. */
export function watched(chunks: readonly Uint8Array[], failure?: Error): WatchedStream {
  async function* stream(): ByteStream {
    yield* chunks;
    if (failure) throw failure;
  }
  return watch(stream());
}

export function watch(inner: ByteStream): WatchedStream {
  let taken = 0;
  let released = false;
  let release = (): void => undefined;
  const whenReleased = new Promise<void>((resolve) => {
    release = resolve;
  });
  async function* stream(): ByteStream {
    try {
      for await (const chunk of inner) {
        taken += 1;
        yield chunk;
      }
    } finally {
      released = true;
      release();
    }
  }
  return { stream: stream(), taken: () => taken, released: () => released, whenReleased };
}

/** All bytes of a stream. */
export async function bytesOf(stream: ByteStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(new Uint8Array(chunk));
  return Buffer.concat(chunks);
}

/** The first chunk of a stream that is then left. */
export async function firstOf(stream: ByteStream): Promise<Uint8Array | undefined> {
  // A loop, because leaving it is what ends a stream.
  // oxlint-disable-next-line no-unreachable-loop
  for await (const chunk of stream) return new Uint8Array(chunk);
  return undefined;
}
