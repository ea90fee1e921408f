/** Sends a stream through one of Node's own codecs, which run in its thread pool. */
import { pipeline, Readable, type Transform } from 'node:stream';
import type { ByteStream } from '../io/bytes.ts';

/** @throws what the input throws, or the codec */
export async function* throughZlib(input: ByteStream, codec: Transform): ByteStream {
  // The copy is needed because zlib keeps a chunk while the source already fills its buffer again.
  async function* copies(): AsyncGenerator<Uint8Array> {
    for await (const chunk of input) yield new Uint8Array(chunk);
  }
  // What it fails with ends the iteration below as well.
  pipeline(Readable.from(copies(), { objectMode: false }), codec, () => undefined);
  yield* codec as AsyncIterable<Uint8Array>;
}
