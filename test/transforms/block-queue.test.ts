import { describe, expect, test } from 'vitest';
import { BlockMemory } from '../../src/transforms/block-memory.ts';
import {
  compressBlocks,
  type BlockCodec,
  type PlainBlock,
} from '../../src/transforms/block-queue.ts';
import { bytesOf, firstOf, reusing, watched } from '../support/streams.ts';

/** Writes each block with what it knows before it: `(known)block`. */
async function told({ memory, known, length }: PlainBlock): Promise<Uint8Array> {
  const text = Buffer.from(memory, 0, known + length).toString();
  return Buffer.from(`(${text.slice(0, known)})${text.slice(known)}`);
}

function codec(changes: Partial<BlockCodec> = {}): BlockCodec {
  return { blockSize: 4, window: 3, memory: new BlockMemory(16, 4), compress: told, ...changes };
}

async function compressed(text: string, changes: Partial<BlockCodec> = {}, cuts: number[] = []) {
  const blocks = compressBlocks(reusing(Buffer.from(text), cuts), codec(changes));
  return (await bytesOf(blocks)).toString();
}

describe('blocks', () => {
  test.each([
    ['', '()'],
    ['a', '()a'],
    ['abcd', '()abcd'],
    ['abcde', '()abcd(bcd)e'],
    ['abcdefghij', '()abcd(bcd)efgh(fgh)ij'],
  ])('of %j', async (text, expected) => {
    expect(await compressed(text)).toBe(expected);
    expect(await compressed(text, {}, [1, 0, 4, 1])).toBe(expected);
  });

  test('know what came before them as far as the window goes, and all where it is longer', async () => {
    expect(await compressed('abcdefghij', { window: 0 })).toBe('()abcd()efgh()ij');
    expect(await compressed('abcdefghij', { window: 6 })).toBe('()abcd(abcd)efgh(cdefgh)ij');
  });

  test('come in their order, whoever is ready first', async () => {
    const finish: (() => void)[] = [];
    const lastFirst = async (block: PlainBlock): Promise<Uint8Array> => {
      const result = await told(block);
      await new Promise<void>((resolve) => {
        finish.push(resolve);
        if (finish.length === 3) for (const done of finish.toReversed()) done();
      });
      return result;
    };
    expect(await compressed('abcdefghij', { compress: lastFirst })).toBe('()abcd(bcd)efgh(fgh)ij');
  });

  test('use the same memory again', async () => {
    const memories = new Set<SharedArrayBuffer>();
    const compress = (block: PlainBlock): Promise<Uint8Array> => {
      memories.add(block.memory);
      return told(block);
    };
    const text = 'abcdefghijklmnopqrstuvwxyz'.repeat(10);
    const result = await compressed(text, { compress, memory: new BlockMemory(16, 2) });
    expect(result.replaceAll(/\(.*?\)/g, '')).toBe(text);
    expect(memories.size).toBe(2);
  });

  test('of a stream that is left give their memory back', async () => {
    const memory = new BlockMemory(16, 2);
    await firstOf(compressBlocks(reusing(Buffer.from('abcdefghij')), codec({ memory })));
    await new Promise(setImmediate);
    const share = memory.join();
    expect([share.take(), share.take(), share.take()].map(Boolean)).toEqual([true, true, false]);
  });

  test('take no more input than there is room for', async () => {
    const { stream, taken, released } = watched(Array<Uint8Array>(20).fill(Buffer.from('abcd')));
    await firstOf(compressBlocks(stream, codec()));
    expect(taken()).toBeLessThan(6);
    expect(released()).toBe(true);
  });
});

describe('a stream of blocks', () => {
  test('fails as its input does', async () => {
    const failure = new Error('broken');
    const { stream } = watched([Buffer.from('abcdefgh')], failure);
    await expect(bytesOf(compressBlocks(stream, codec()))).rejects.toBe(failure);
  });

  test('fails as a block does, though others have failed before', async () => {
    const failures: Error[] = [];
    const compress = (): Promise<Uint8Array> => {
      const failure = new Error(`no memory ${failures.length}`);
      failures.push(failure);
      return Promise.reject(failure);
    };
    const { stream, released } = watched(Array<Uint8Array>(9).fill(Buffer.from('abcd')));
    const blocks = bytesOf(compressBlocks(stream, codec({ compress })));
    await expect(blocks).rejects.toMatchObject({ message: 'no memory 0' });
    expect(failures.length).toBeGreaterThan(1);
    expect(released()).toBe(true);
  });
});
