/** A stream as the body of a request: safe to be queued, and whole or not there at all. */
import type { ByteStream } from '../io/bytes.ts';

/**
 * Bytes from which on undici takes no further chunk before this one has left the process: the
 * high-water mark of its sockets. What is smaller may lie in a queue while its producer fills the
 * buffer anew.
 */
const WAITED_FOR = 64 * 1024;

/** The most bytes that are handed out at once: a slow server has the time of a stall for them. */
const LARGEST_PIECE = 256 * 1024;

export interface OutgoingStream {
  readonly bytes: ByteStream;
  /** Whether the stream has ended well and all its bytes have been handed out. */
  isComplete(): boolean;
  /** What the stream threw; undici reports that as a fault of the connection. */
  failure(): unknown;
}

/** Told when bytes are handed out, when they have been taken, and when that were all. */
export interface Watcher {
  expect(): void;
  rest(): void;
  expectAnswer(bytes: number): void;
}

const NOBODY: Watcher = {
  expect: () => undefined,
  rest: () => undefined,
  expectAnswer: () => undefined,
};

/**
 * The bytes that complete `length` (the value of `content-length`, if the request has one) are held
 * back until the stream has ended, so that what fails at its end, for its digest say, never arrives
 * whole.
 */
export function outgoing(
  stream: ByteStream,
  length: string | undefined,
  watcher: Watcher = NOBODY,
): OutgoingStream {
  let left = Number(length ?? Infinity);
  let sent = 0;
  let isComplete = false;
  let failure: unknown;
  async function* bytes(): ByteStream {
    let last: Uint8Array | undefined;
    try {
      for await (const chunk of stream) {
        for (const piece of piecesOf(chunk)) {
          if (last !== undefined) yield last;
          left -= piece.length;
          sent += piece.length;
          last = left === 0 ? new Uint8Array(piece) : undefined;
          if (last !== undefined) continue;
          watcher.expect();
          yield piece.length < WAITED_FOR ? new Uint8Array(piece) : piece;
          watcher.rest();
        }
      }
    } catch (error) {
      failure = error;
      throw error;
    }
    isComplete = true;
    if (last !== undefined) {
      watcher.expect();
      yield last;
    }
    watcher.expectAnswer(sent);
  }
  return { bytes: bytes(), isComplete: () => isComplete, failure: () => failure };
}

function* piecesOf(chunk: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < chunk.length; start += LARGEST_PIECE) {
    yield chunk.subarray(start, start + LARGEST_PIECE);
  }
}
