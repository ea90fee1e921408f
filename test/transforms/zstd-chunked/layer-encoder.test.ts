/** What is kept in memory of a layer until its end has bounds. */
import { expect, test } from 'vitest';
import { BATCH, FrameBatcher } from '../../../src/transforms/zstd-chunked/frame-batch.ts';
import { LayerEncoder } from '../../../src/transforms/zstd-chunked/layer-encoder.ts';
import { isChunkedObstacle } from '../../../src/transforms/zstd-chunked/obstacle.ts';
import { COMPRESSION_LEVEL } from '../../../src/transforms/zstd-parameters.ts';
import { noise } from '../../support/make-image.ts';
import { headerBlock, paxHeader } from '../../support/tar.ts';

const MEGABYTE = 1_000_000;

/** Adds members until they are refused. */
function membersThatFit(headers: (index: number) => Buffer): number {
  const memory = new Uint8Array(BATCH);
  const frames = new FrameBatcher(() => memory);
  const encoder = new LayerEncoder(frames, [[COMPRESSION_LEVEL, 1]]);
  for (let index = 0; index < 1000; index += 1) {
    try {
      encoder.push(Buffer.concat([headers(index), headerBlock('file')]));
    } catch (error) {
      if (!isChunkedObstacle(error)) throw error;
      return index;
    }
    frames.take('full');
  }
  return Infinity;
}

test('a table of contents has as many bytes as podman reads', () => {
  const name = 'n'.repeat(MEGABYTE);
  const fit = membersThatFit((index) => paxHeader('x', { path: `${name}${index}` }));
  expect(fit).toBe(Math.floor((150 * 1024 * 1024) / (MEGABYTE + 100)));
});

test('headers that do not compress have less than 64 MiB', () => {
  const value = Buffer.from(noise(MEGABYTE / 2)).toString('latin1');
  const fit = membersThatFit((index) =>
    paxHeader('x', { path: `${index}`, [`SCHILY.xattr.user.${index}`]: value }),
  );
  expect(fit).toBeGreaterThan(64);
  expect(fit).toBeLessThan(128);
});
