import { EventEmitter, once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import * as fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { OcipushError } from '../../src/errors.ts';
import { MIB, type ByteStream } from '../../src/io/bytes.ts';
import { PortStream, type PortStreamOptions } from '../../src/io/port-stream.ts';
import { noise } from '../support/make-image.ts';
import { bytesOf, reusing, watched } from '../support/streams.ts';

function pair(options?: PortStreamOptions): readonly [PortStream, PortStream] {
  const { port1, port2 } = new MessageChannel();
  const ends = [new PortStream(port1, options), new PortStream(port2)] as const;
  onTestFinished(() => ends.forEach((end) => end.close()));
  return ends;
}

describe('PortStream', () => {
  test('carries the bytes, however they are cut', async () => {
    const content = noise(MIB + 1);
    const sizes = fc.array(fc.integer({ min: 0, max: content.length }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(sizes, async (cut) => {
        const [here, there] = pair();
        const [received] = await Promise.all([
          bytesOf(there.receive()),
          here.send(reusing(content, cut)),
        ]);
        expect(received.equals(content)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  test('carries two streams at once, and empty ones', async () => {
    const [here, there] = pair();
    const [forth, back] = await Promise.all([
      bytesOf(there.receive()),
      bytesOf(here.receive()),
      here.send(reusing(noise(3 * MIB))),
      there.send(reusing(Buffer.alloc(0))),
    ]);
    expect(forth).toHaveLength(3 * MIB);
    expect(back).toHaveLength(0);
  });

  test('carries a result after the stream', async () => {
    const [here, there] = pair();
    const received = there.receive();
    await here.send(reusing(noise(10)), () => ({ a: 1 }));
    await received.next();
    expect(await received.next()).toEqual({ done: true, value: { a: 1 } });
  });

  test('loses patience with an end that has all it needs and says nothing', async () => {
    const [here, there] = pair({ patience: 1 });
    const sending = here.send(reusing(noise(10)));
    await there.receive().next();
    await sending;
    const answer = bytesOf(here.receive());
    await expect(answer).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' });
  });

  test('has all patience while there is nothing to do', async () => {
    const [here, there] = pair({ patience: 1 });
    const looks = new EventEmitter();
    async function* late(): ByteStream {
      yield noise(10);
      await once(looks, 'enough');
      yield noise(10);
    }
    void here.send(late());
    const answer = here.receive().next();
    const timer = setInterval(() => looks.emit('look'), 1);
    for (let look = 0; look < 10; look += 1) await once(looks, 'look');
    clearInterval(timer);
    looks.emit('enough');
    await there.send(reusing(noise(5)));
    expect((await answer).value).toHaveLength(5);
  });

  test('takes of a stream what fits into its blocks, until they come back', async () => {
    const [here, there] = pair();
    const { stream, taken } = watched(Array<Uint8Array>(100).fill(noise(256 * 1024)));
    const sending = here.send(stream);
    const received = there.receive()[Symbol.asyncIterator]();
    await received.next();
    await received.next();
    expect(taken()).toBeLessThan(8);
    here.close();
    await expect(sending).rejects.toMatchObject({ code: 'ABORTED' });
  });

  test.each([
    [
      new OcipushError('LIMIT_EXCEEDED', 'too much', {
        origin: 'source',
        hint: 'less',
        context: { limit: 1 },
      }),
    ],
    [new TypeError('wrong')],
  ])('sends a failure on: %s', async (failure) => {
    const [here, there] = pair();
    const sending = here.send(watched([noise(10)], failure).stream);
    const receiving = bytesOf(there.receive());
    await expect(sending).rejects.toBe(failure);
    await expect(receiving).rejects.toMatchObject(
      failure instanceof OcipushError
        ? {
            code: failure.code,
            message: 'too much',
            origin: 'source',
            hint: 'less',
            context: { limit: 1 },
          }
        : { message: 'TypeError: wrong' },
    );
  });

  test('fails with the first reason, and releases what it sends', async () => {
    const [here, there] = pair();
    const { stream, whenReleased } = watched(Array<Uint8Array>(100).fill(noise(MIB)));
    const sending = here.send(stream);
    const reason = new Error('the thread died');
    await there.receive()[Symbol.asyncIterator]().next();
    const receiving = bytesOf(here.receive());
    here.fail(reason);
    here.fail(new Error('another'));
    await expect(receiving).rejects.toBe(reason);
    await expect(sending).rejects.toBe(reason);
    await whenReleased;
  });

  test('ends both streams when it is closed, after what was sent', async () => {
    const [here, there] = pair();
    const receiving = bytesOf(there.receive());
    await here.send(reusing(noise(10)));
    here.close();
    expect(await receiving).toHaveLength(10);
    await expect(bytesOf(here.receive())).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(here.send(reusing(noise(10)))).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
