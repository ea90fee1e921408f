import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { bundle } from '../../scripts/bundle.js';
import { MIB } from '../../src/io/bytes.ts';
import { ThreadPool } from '../../src/transforms/thread-pool.ts';
import { throughThread } from '../../src/transforms/through-thread.ts';
import { zstdBinding } from '../../src/transforms/zstd-library.ts';
import { noise } from '../support/make-image.ts';
import { bytesOf, firstOf, watched } from '../support/streams.ts';

/** More than can be on the way. */
const MANY = Array.from({ length: 20 }, (_, index) => zstdCompressed(noise(MIB, `${index}`)));
const UNZSTD = { name: 'unzstd' } as const;

function zstdCompressed(bytes: Uint8Array): Uint8Array {
  const { compress, compressBound } = zstdBinding();
  const frame = new Uint8Array(compressBound(bytes.length));
  return frame.subarray(0, compress(frame, bytes, 1));
}

describe('a thread pool', () => {
  test('starts as many threads as it may, then shares the one that does least', async () => {
    const pool = new ThreadPool({ threads: 2, linger: 0 });
    const leases = Array.from({ length: 5 }, () => pool.lease(() => undefined));
    const threads = [...new Set(leases.map(({ worker }) => worker))];
    expect(threads).toHaveLength(2);
    expect(leases.filter(({ worker }) => worker === threads[0])).toHaveLength(3);
    await Promise.all(leases.map((lease) => lease.release()));
    expect(threads.map(({ threadId }) => threadId)).toEqual([-1, -1]);
  });

  test('uses a thread again that lingers', async () => {
    const pool = new ThreadPool({ threads: 2, linger: 60_000 });
    const first = pool.lease(() => undefined);
    await first.release();
    const second = pool.lease(() => undefined);
    expect(second.worker).toBe(first.worker);
    await second.worker.terminate();
  });

  test('tells those who use it when a thread dies, and starts another', async () => {
    const pool = new ThreadPool({ threads: 1, linger: 0 });
    const { stream, released } = watched(MANY);
    const compressed = throughThread(stream, UNZSTD, pool)[Symbol.asyncIterator]();
    await compressed.next();
    const lease = pool.lease(() => undefined);
    await lease.worker.terminate();
    await expect(bytesOf({ [Symbol.asyncIterator]: () => compressed })).rejects.toThrow('ended');
    expect(released()).toBe(true);
    await lease.release();
    const again = watched(MANY.slice(0, 1)).stream;
    expect(await bytesOf(throughThread(again, UNZSTD, pool))).toHaveLength(MIB);
  });
});

describe('a stream through a thread', () => {
  test('ends the thread with the stream, taken or left', async () => {
    const pool = new ThreadPool({ threads: 1, linger: 0 });
    for (const take of [bytesOf, firstOf]) {
      const { stream, released } = watched(MANY);
      const taking = take(throughThread(stream, UNZSTD, pool));
      const lease = pool.lease(() => undefined);
      await lease.release();
      await taking;
      expect(released()).toBe(true);
      expect(lease.worker.threadId).toBe(-1);
    }
  });

  test('does not keep the process alive when it is forgotten', async () => {
    const program = 'build/forgotten-stream.js';
    await bundle('test/support/forgotten-stream.ts', program);
    const { stdout } = await promisify(execFile)(process.execPath, [program], { timeout: 20_000 });
    expect(stdout).toBe('true\n');
  });
});
