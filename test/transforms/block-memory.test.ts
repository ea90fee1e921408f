import { expect, test } from 'vitest';
import { BlockMemory } from '../../src/transforms/block-memory.ts';

test('streams share the blocks, and each may have one', () => {
  const memory = new BlockMemory(8, 3);
  const [first, second] = [memory.join(), memory.join()];
  const blocks = [first.take(), first.take(), first.take()];
  expect(blocks.map((block) => block?.byteLength)).toEqual([8, 8, 8]);
  expect(first.take()).toBeUndefined();
  const extra = second.take();
  expect(extra?.byteLength).toBe(8);
  expect(second.take()).toBeUndefined();
  first.give(blocks[0]);
  expect(first.take()).toBeUndefined();
  second.give(extra);
  expect(first.take()).toBe(extra);
});

test('memory is used again, and forgotten when nobody has any', () => {
  const memory = new BlockMemory(8, 2);
  const share = memory.join();
  const [one, other] = [share.take(), share.take()];
  share.give(one);
  expect(share.take()).toBe(one);
  share.give(one);
  share.give(other);
  expect([one, other]).not.toContain(share.take());
});

test('what was lost is not waited for', () => {
  const share = new BlockMemory(8, 1).join();
  const lost = share.take();
  expect(share.take()).toBeUndefined();
  share.give(undefined);
  expect(share.take()).not.toBe(lost);
});
