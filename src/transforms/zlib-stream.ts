/** Sends a stream through one of Node's own codecs, which run in its thread pool. */
import type { Transform } from 'node:stream';
import type { ByteStream } from '../io/bytes.ts';

/** @throws what the input throws, or the codec */
export async function* throughZlib(input: ByteStream, codec: Transform): ByteStream {
  // What it fails with ends the iteration below.
  const feeding = feed(input, codec).catch((error: unknown) => void codec.destroy(error as Error));
  try {
    yield* codec as AsyncIterable<Uint8Array>;
  } finally {
    codec.destroy();
    await feeding;
  }
}

async function feed(input: ByteStream, codec: Transform): Promise<void> {
  for await (const chunk of input) {
    await consumed(codec, chunk);
    if (codec.destroyed) return;
  }
  codec.end();
}

/** When it resolves the codec has done with the chunk, which may be used again, or with everything. */
function consumed(codec: Transform, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    codec.once('close', resolve);
    codec.write(chunk, () => {
      codec.off('close', resolve);
      resolve();
    });
  });
}
