import { expect, onTestFinished, test, vi } from 'vitest';
import { BlockMemory, type MemoryShare } from '../../src/transforms/block-memory.ts';

function taken(share: MemoryShare): SharedArrayBuffer {
  const memory = share.take();
  if (memory === undefined) throw new Error('there is no memory');
  return memory;
}

test('streams share the blocks, and each may have one', () => {
  const memory = new BlockMemory(8, 3);
  const [first, second] = [memory.join(), memory.join()];
  const blocks = [taken(first), taken(first), taken(first)] as const;
  expect(blocks.map((block) => block.byteLength)).toEqual([8, 8, 8]);
  expect(first.take()).toBeUndefined();
  const extra = taken(second);
  expect(extra.byteLength).toBe(8);
  expect(second.take()).toBeUndefined();
  first.give(blocks[0]);
  expect(first.take()).toBeUndefined();
  second.give(extra);
  expect(first.take()).toBe(extra);
});

test('memory is used again, and forgotten when nobody has had any for a while', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const share = new BlockMemory(8, 2).join();
  const [one, other] = [taken(share), taken(share)];
  share.give(other);
  share.give(one);
  expect(share.take()).toBe(one);
  vi.runAllTimers();
  expect(share.take()).toBe(other);
  share.give(one);
  share.give(other);
  vi.runAllTimers();
  expect([one, other]).not.toContain(share.take());
});
