import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { expect, test } from 'vitest';
import {
  BATCH,
  BATCH_ROOM,
  type FrameBatch,
} from '../../../src/transforms/zstd-chunked/frame-batch.ts';
import { FramePorts, serveFrames } from '../../../src/transforms/zstd-chunked/frame-port.ts';
import { COMPRESSION_LEVEL } from '../../../src/transforms/zstd-parameters.ts';
import { plain } from './vector.ts';

const PARAMETERS = [[Infinity, [[COMPRESSION_LEVEL, 1]]]] as const;

/** A batch of one frame, or of a part of one. */
function batch(fill: string, part: 'whole' | 'begins' | 'ends' = 'whole'): FrameBatch {
  return {
    bytes: new Uint8Array(BATCH_ROOM).fill(fill.charCodeAt(0)),
    lengths: [BATCH],
    continues: part === 'ends',
    goesOn: part === 'begins',
  };
}

const contents = (fill: string): Buffer => Buffer.alloc(BATCH, fill);

function portsWith(count: number): { readonly ports: FramePorts; readonly ends: MessagePort[] } {
  const channels = Array.from({ length: count }, () => new MessageChannel());
  const ports = new FramePorts(
    channels.map(({ port1 }) => port1),
    PARAMETERS,
  );
  return { ports, ends: channels.map(({ port2 }) => port2) };
}

test('threads have two batches each, and what comes while they have is compressed here', async () => {
  const { ports, ends } = portsWith(2);
  const far = ['a', 'b', 'c', 'd'].map((fill) => ports.compress(batch(fill)));
  const here = await ports.compress(batch('e'));
  expect(plain(here.frames)).toEqual(contents('e'));
  for (const end of ends) serveFrames(end, PARAMETERS);
  const finished = await Promise.all(far);
  expect(finished.map(({ frames }) => plain(frames))).toEqual(['a', 'b', 'c', 'd'].map(contents));
  ports.close();
});

test('a thread that has finished has room again, though nothing was awaited', async () => {
  const { ports, ends } = portsWith(1);
  const [end] = ends as [MessagePort];
  const first = ports.compress(batch('a'));
  const second = ports.compress(batch('b'));
  const memory = new ArrayBuffer(BATCH_ROOM);
  end.postMessage({ memory, result: { size: 0, sizes: [0] } }, [memory]);
  const third = ports.compress(batch('c'));
  expect((await first).size).toBe(0);
  end.close();
  await expect(second).rejects.toThrow('a thread has ended');
  await expect(third).rejects.toThrow('a thread has ended');
  ports.close();
});

test.each([
  ['another thread', 0],
  ['this thread', 2],
])('what %s has begun it goes on with', async (_, others) => {
  const { ports, ends } = portsWith(1);
  const before = ['x', 'y'].slice(0, others).map((fill) => ports.compress(batch(fill)));
  const begun = ports.compress(batch('a', 'begins'));
  const ended = ports.compress(batch('b', 'ends'));
  for (const end of ends) serveFrames(end, PARAMETERS);
  await Promise.all(before);
  const frame = Buffer.concat([(await begun).frames, (await ended).frames]);
  expect(plain(frame)).toEqual(Buffer.concat([contents('a'), contents('b')]));
  ports.close();
});

test('says what went wrong in another thread', async () => {
  const { ports, ends } = portsWith(1);
  serveFrames(ends[0] as MessagePort, [
    [
      Infinity,
      [
        [COMPRESSION_LEVEL, 1],
        [-1, 0],
      ],
    ],
  ]);
  await expect(ports.compress(batch('a'))).rejects.toThrow(/\w/);
  ports.close();
});
