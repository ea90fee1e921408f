import { describe, expect, test } from 'vitest';
import type { ByteStream } from '../../src/io/bytes.ts';
import { Tee } from '../../src/io/tee.ts';

/** Chunks out of one buffer that is overwritten for each, as the file reader does it. */
async function* reusing(values: readonly number[], ended: () => void): ByteStream {
  const buffer = new Uint8Array(2);
  try {
    for (const value of values) yield buffer.fill(value);
  } finally {
    ended();
  }
}

async function take(stream: ByteStream, most = Infinity): Promise<number[]> {
  const values: number[] = [];
  if (most === 0) {
    await stream[Symbol.asyncIterator]().return?.();
    return values;
  }
  for await (const chunk of stream) {
    // A consumer that lets others run before it looks: the chunk must still be what it was.
    await new Promise((resolve) => setImmediate(resolve));
    values.push(...chunk);
    if (values.length >= most) break;
  }
  return values;
}

describe('Tee', () => {
  test.each([
    [[Infinity], [[1, 1, 2, 2, 3, 3]]],
    [
      [Infinity, Infinity, Infinity],
      [
        [1, 1, 2, 2, 3, 3],
        [1, 1, 2, 2, 3, 3],
        [1, 1, 2, 2, 3, 3],
      ],
    ],
    // one leaves in the middle, one before it has begun
    [
      [2, Infinity],
      [
        [1, 1],
        [1, 1, 2, 2, 3, 3],
      ],
    ],
    [
      [0, Infinity],
      [[], [1, 1, 2, 2, 3, 3]],
    ],
    // all leave
    [
      [2, 4],
      [
        [1, 1],
        [1, 1, 2, 2],
      ],
    ],
    [
      [0, 0],
      [[], []],
    ],
  ])('gives %j takers their chunks', async (appetites, expected) => {
    let ended = 0;
    const tee = new Tee();
    const takers = appetites.map(() => tee.join());
    const taken = takers.map((stream, index) => take(stream, appetites[index]));
    tee.begin(reusing([1, 2, 3], () => (ended += 1)));
    expect(await Promise.all(taken)).toEqual(expected);
    expect(ended).toBe(appetites.every((appetite) => appetite === 0) ? 0 : 1);
  });

  test('gives all takers the error of the source', async () => {
    const tee = new Tee();
    const taken = [tee.join(), tee.join()].map(async (stream) => take(stream));
    async function* failing(): ByteStream {
      yield Uint8Array.of(1);
      throw new RangeError('gone');
    }
    tee.begin(failing());
    const outcomes = await Promise.allSettled(taken);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  test('fails for who waits for a chunk when somebody else ends it', async () => {
    const tee = new Tee();
    const [waiting, other] = [tee.join(), tee.join()];
    tee.begin(reusing([1, 2], () => undefined));
    const taken = take(waiting);
    const rest = take(other);
    await waiting[Symbol.asyncIterator]().return?.();
    await expect(taken).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await rest).toEqual([1, 1, 2, 2]);
  });

  test('fails for who begins after it was ended, and holds up nobody', async () => {
    const tee = new Tee();
    const [late, other] = [tee.join(), tee.join()];
    tee.begin(reusing([1, 2], () => undefined));
    const rest = take(other);
    await late[Symbol.asyncIterator]().return?.();
    await expect(take(late)).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await rest).toEqual([1, 1, 2, 2]);
  });
});
