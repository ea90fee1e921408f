import { describe, expect, test } from 'vitest';
import { MIB } from '../../src/io/bytes.ts';
import { compressInThread } from '../../src/transforms/block-thread.ts';
import { ThreadPool } from '../../src/transforms/thread-pool.ts';
import { zstdEffort } from '../../src/transforms/zstd-effort.ts';
import { compressFrame, frameBound, type PlainFrame } from '../../src/transforms/zstd-frame.ts';
import { zstdBinding } from '../../src/transforms/zstd-library.ts';
import { noise } from '../support/make-image.ts';

const { parameters } = zstdEffort(3);

/** A frame of noise, which takes more room than its contents. */
function frameOf(length: number) {
  const memory = new SharedArrayBuffer(frameBound(length));
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

/** Made in a thread of the pool. */
function there(frame: PlainFrame, pool: ThreadPool) {
  return compressInThread({ name: 'zstd-frame', options: frame }, pool);
}

describe('a frame', () => {
  test('stands in the memory of its contents', () => {
    const frame = frameOf(MIB);
    const length = compressFrame(frame);
    expect(length).toBeGreaterThan(MIB);
    expect(length).toBeLessThanOrEqual(frame.memory.byteLength);
    expect(Buffer.from(frame.memory).readUInt32LE()).toBe(0xfd2fb528);
  });

  test('from a thread is the same', async () => {
    const pool = new ThreadPool({ threads: 1, linger: 0 });
    const frame = frameOf(MIB);
    const here = Buffer.from(frame.memory, 0, compressFrame(frame));
    const bytes = await there(frameOf(MIB), pool);
    expect(here.equals(bytes)).toBe(true);
  });

  test('fails as libzstd does, here and in a thread', async () => {
    const pool = new ThreadPool({ threads: 1, linger: 0 });
    const impossible = () => ({ ...frameOf(MIB), parameters: [[101, 99]] as const });
    expect(() => compressFrame(impossible())).toThrow('out of bound');
    await expect(there(impossible(), pool)).rejects.toThrow('out of bound');
  });

  test('fails when the thread ends', async () => {
    const pool = new ThreadPool({ threads: 1, linger: 0 });
    const frame = there(frameOf(MIB), pool);
    const { worker } = pool.lease(() => undefined);
    await Promise.all([worker.terminate(), expect(frame).rejects.toThrow('ended')]);
  });
});
