import { describe, expect, test } from 'vitest';
import { MIB } from '../../src/io/bytes.ts';
import { compressInThread } from '../../src/transforms/frame-thread.ts';
import { ThreadPool } from '../../src/transforms/thread-pool.ts';
import { zstdEffort } from '../../src/transforms/zstd-effort.ts';
import { compressFrame, frameBound } from '../../src/transforms/zstd-frame.ts';
import { zstdBinding } from '../../src/transforms/zstd-library.ts';
import { noise } from '../support/make-image.ts';

const { parameters } = zstdEffort(3);

/** A frame of noise, which takes more room than its contents. */
function frameOf(length: number) {
  const memory = new ArrayBuffer(frameBound(length));
  new Uint8Array(memory).set(noise(length));
  return { parameters, memory, length };
}

describe('frameBound', () => {
  test.each([[0], [1], [128 * 1024 - 1], [128 * 1024], [MIB], [10 * MIB], [16 * MIB]])(
    'of %i bytes is that of libzstd',
    (length) => {
      expect(frameBound(length)).toBe(zstdBinding().compressBound(length));
    },
  );
});

describe('a frame', () => {
  test('stands in the memory of its contents', () => {
    const frame = frameOf(MIB);
    const { memory, length } = compressFrame(frame);
    expect(memory).toBe(frame.memory);
    expect(length).toBeGreaterThan(MIB);
    expect(length).toBeLessThanOrEqual(memory.byteLength);
  });

  test('from a thread is the same', async () => {
    const pool = new ThreadPool({ threads: 1, linger: 0 });
    const here = compressFrame(frameOf(MIB));
    const there = await compressInThread(frameOf(MIB), pool);
    expect(there.length).toBe(here.length);
    expect(Buffer.from(there.memory).equals(Buffer.from(here.memory))).toBe(true);
  });

  test('fails as libzstd does, here and in a thread', async () => {
    const pool = new ThreadPool({ threads: 1, linger: 0 });
    const impossible = () => ({ ...frameOf(MIB), parameters: [[101, 99]] as const });
    expect(() => compressFrame(impossible())).toThrow('out of bound');
    await expect(compressInThread(impossible(), pool)).rejects.toThrow('out of bound');
  });

  test('fails when the thread ends', async () => {
    const pool = new ThreadPool({ threads: 1, linger: 0 });
    const frame = compressInThread(frameOf(MIB), pool);
    const { worker } = pool.lease(() => undefined);
    await Promise.all([worker.terminate(), expect(frame).rejects.toThrow('ended')]);
  });
});
