/** The shape in which bytes travel, and the few ways to cut such a stream or to end it. */
import { OcipushError } from '../errors.ts';

/**
 * A stream of chunks, each up to 1 MiB. A chunk belongs to the consumer only until it asks for the
 * next one (readers reuse their buffers): who keeps bytes copies them.
 */
export type ByteStream = AsyncIterable<Uint8Array>;

/** A half-open range of bytes. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** The part of a range that stands within `size` bytes; all of them when there is no range. */
export function clampRange(range: ByteRange | undefined, size: number): ByteRange {
  return { start: Math.min(range?.start ?? 0, size), end: Math.min(range?.end ?? size, size) };
}

/** 1 MiB in bytes: the largest chunk, and the block of the parallel compressors. */
export const MIB = 1024 * 1024;

/**
 * All bytes of a stream that must be small. `what` names it in the message.
 * @throws OcipushError LIMIT_EXCEEDED as soon as more than `limit` bytes have come
 */
export async function collect(
  stream: ByteStream,
  limit: number,
  what: string,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > limit) {
      throw new OcipushError(
        'LIMIT_EXCEEDED',
        `reading ${what}: exceeded maximum allowed size of ${limit} bytes`,
        { hint: 'what is read whole is small: check that this is the right file' },
      );
    }
    chunks.push(new Uint8Array(chunk));
  }
  return Buffer.concat(chunks, size);
}

/** A stream of one chunk, for bytes that are in memory already. */
export async function* single(bytes: Uint8Array): ByteStream {
  yield bytes;
}

/**
 * The first bytes of a stream, and the whole stream with them; fewer than `length` when it is
 * shorter. The whole must be taken, or released by its iterator's `return`, for the stream has
 * begun.
 */
export async function peek(
  stream: ByteStream,
  length: number,
): Promise<{ readonly start: Uint8Array; readonly stream: ByteStream }> {
  const rest = stream[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (size < length) {
    const next = await rest.next();
    if (next.done) break;
    chunks.push(new Uint8Array(next.value));
    size += next.value.length;
  }
  const start = Buffer.concat(chunks).subarray(0, length);
  // No generator, for one that has not begun ignores that it is ended.
  const whole: AsyncIterator<Uint8Array> = {
    next: async () => {
      const value = chunks.shift();
      return value === undefined ? rest.next() : { done: false, value };
    },
    return: async () => {
      await rest.return?.();
      return { done: true, value: undefined };
    },
  };
  return { start, stream: { [Symbol.asyncIterator]: () => whole } };
}

/** The bytes of a stream that stand in a half-open range. */
export async function* slice(stream: ByteStream, range: ByteRange): ByteStream {
  let position = 0;
  for await (const chunk of stream) {
    const part = chunk.subarray(
      Math.max(0, range.start - position),
      Math.max(0, range.end - position),
    );
    position += chunk.length;
    if (part.length > 0) yield part;
    if (position >= range.end) return;
  }
}
