import { describe, expect, test } from 'vitest';
import { OcipushError } from '../../../src/errors.ts';
import { MemberQueue } from '../../../src/transports/docker-archive/member-queue.ts';

describe('MemberQueue', () => {
  test('hands on members in their order, and tells when each has been taken', async () => {
    const queue = new MemberQueue();
    const events: string[] = [];
    for (const name of ['a', 'b']) {
      void queue.put({ name }).then(() => events.push(`${name} is taken`));
    }
    queue.end();
    for await (const { name } of queue) events.push(name);
    expect(events).toEqual(['a', 'a is taken', 'b', 'b is taken']);
  });

  test('waits for members', async () => {
    const queue = new MemberQueue();
    const members = queue[Symbol.asyncIterator]();
    const first = members.next();
    const taken = queue.put({ name: 'a' });
    expect(await first).toEqual({ done: false, value: { name: 'a' } });
    const second = members.next();
    await taken;
    queue.end();
    expect(await second).toEqual({ done: true, value: undefined });
  });

  test('ends with the first error at once', async () => {
    const queue = new MemberQueue();
    const error = new OcipushError('ABORTED', 'it ends');
    void queue.put({ name: 'a' });
    queue.end(error);
    queue.end();
    await expect(queue[Symbol.asyncIterator]().next()).rejects.toBe(error);
  });
});
