import { expect, test } from 'vitest';
import type { ByteStream } from '../../src/io/bytes.ts';
import type { SourceReference } from '../../src/transports/transport.ts';
import { blobsOf, makeImage } from '../support/make-image.ts';
import { memoryDestination, memorySource } from './memory-image.ts';
import { pushAll } from './run-push.ts';

/** The same source, and how many of its blobs were being read at once at most. */
function counted(source: SourceReference): SourceReference & { readonly most: () => number } {
  let [running, most] = [0, 0];
  async function* counting(stream: ByteStream): ByteStream {
    running += 1;
    most = Math.max(most, running);
    yield* stream;
    running -= 1;
  }
  return {
    ...source,
    most: () => most,
    openSource: async (context) => {
      const inner = await source.openSource(context);
      return { ...inner, getBlob: (...args) => counting(inner.getBlob(...args)) };
    },
  };
}

test('looks into many layers, but not into all at once', async () => {
  const layers = Array.from({ length: 500 }, (_, index) => Buffer.from(`layer ${index}`));
  const source = counted(memorySource(blobsOf(makeImage({ layers })).toReversed()));
  const { outcomes } = await pushAll(source, [memoryDestination()]);
  expect(outcomes).toMatchObject([{ status: 'fulfilled' }]);
  expect(source.most()).toBeGreaterThan(1);
  expect(source.most()).toBeLessThan(50);
});
