import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import type { ByteStream } from '../../src/io/bytes.ts';
import { readRange } from '../../src/io/file-reader.ts';
import { HttpClient } from '../../src/registry/http.ts';
import { outgoing } from '../../src/registry/outgoing.ts';
import { noise } from '../support/make-image.ts';
import { TEST_CERTIFICATE } from '../support/registry/certificate.ts';
import { STRAIGHT } from '../support/registry-options.ts';
import { temporaryDirectory } from '../support/scratch.ts';
import { bytesOf, watch, watched } from '../support/streams.ts';
import { serveHttp } from './server.ts';

/** More than the buffers between two sockets on one machine hold. */
const PATTERN = noise(8_000_000);

const ABC = [Buffer.from('a'), Buffer.from('b'), Buffer.from('c')];

describe('outgoing', () => {
  test.each<readonly [length: string | undefined]>([['3'], ['2'], ['4'], ['0'], [undefined]])(
    'hands all bytes on (content-length %s)',
    async (length) => {
      const body = outgoing(watched(ABC).stream, length);
      expect(body.isComplete()).toBe(false);
      expect((await bytesOf(body.bytes)).toString()).toBe('abc');
      expect(body.isComplete()).toBe(true);
      expect(body.failure()).toBeUndefined();
    },
  );

  test('keeps the last bytes until the stream has ended', async () => {
    const source = watched([...ABC, Buffer.of()]);
    const rest = outgoing(source.stream, '3').bytes[Symbol.asyncIterator]();
    await rest.next();
    await rest.next();
    expect(source.released()).toBe(false);
    expect((await rest.next()).value).toEqual(new Uint8Array(Buffer.from('c')));
    expect(source.released()).toBe(true);
  });

  test.each([['3'], [undefined]])('never completes what fails (%s)', async (length) => {
    const failure = new TypeError('wrong digest');
    const body = outgoing(watched(ABC, failure).stream, length);
    const seen: Uint8Array[] = [];
    const taking = (async () => {
      for await (const chunk of body.bytes) seen.push(chunk);
    })();
    await expect(taking).rejects.toBe(failure);
    expect(body.failure()).toBe(failure);
    expect(body.isComplete()).toBe(false);
    expect(Buffer.concat(seen).toString()).toBe(length === undefined ? 'abc' : 'ab');
  });

  test('gives a slow server time for every 256 KiB', async () => {
    const events: (string | number)[] = [];
    const watcher = {
      expect: () => events.push('expect'),
      rest: () => events.push('rest'),
      expectAnswer: (bytes: number) => events.push(bytes),
    };
    const body = outgoing(watched([PATTERN.subarray(0, 600_000)]).stream, undefined, watcher);
    for await (const { length } of body.bytes) events.push(length);
    expect(events.join(' ')).toBe('expect 262144 rest expect 262144 rest expect 75712 rest 600000');
  });

  test('releases what is left before its end', async () => {
    const source = watched(ABC);
    for await (const chunk of outgoing(source.stream, '3').bytes) {
      expect(chunk).toHaveLength(1);
      break;
    }
    expect(source.released()).toBe(true);
  });
});

/**
 * Sends a stream to a server that begins to read only when no more of it is asked for, because all
 * buffers on the way are full. Gives the digest of what has arrived.
 */
async function digestBeyondSlowReader(
  stream: ByteStream,
  scheme: 'http' | 'https',
  length: number | undefined,
): Promise<string> {
  const source = watch(stream);
  const { url } = await serveHttp(
    (request, response) => {
      const hash = createHash('sha256');
      void (async () => {
        let taken = -1;
        for (let turns = 0; turns < 50; turns = taken === source.taken() ? turns + 1 : 0) {
          taken = source.taken();
          await nextTurn();
        }
        request.on('data', (chunk: Buffer) => hash.update(chunk));
        await once(request, 'end');
        response.end(`sha256:${hash.digest('hex')}`);
      })();
    },
    scheme === 'https' ? TEST_CERTIFICATE : undefined,
  );
  const client = new HttpClient({ ...STRAIGHT, security: 'insecure' });
  onTestFinished(() => client[Symbol.asyncDispose]());
  const answer = await client.send({
    method: 'PATCH',
    url,
    headers: length === undefined ? {} : { 'content-length': String(length) },
    body: source.stream,
    signal: new AbortController().signal,
  });
  return Buffer.from(answer.body).toString();
}

/** The pattern in chunks of these sizes in turn, all in the same memory. */
async function* inOneBuffer(...sizes: readonly number[]): ByteStream {
  const memory = Buffer.alloc(Math.max(...sizes));
  for (let position = 0, turn = 0; position < PATTERN.length; turn += 1) {
    const piece = PATTERN.subarray(position, position + (sizes[turn % sizes.length] ?? 0));
    memory.set(piece);
    yield memory.subarray(0, piece.length);
    memory.fill(0xaa);
    position += piece.length;
  }
}

describe('buffers are not used again too early', () => {
  test.each([3_000, 16_384, 40_000, 65_535, 65_536, 262_144, 1_048_576])(
    'by who sends chunks of %i bytes',
    async (size) => {
      const digest = await digestBeyondSlowReader(inOneBuffer(size), 'http', undefined);
      expect(digest).toBe(digestOf(PATTERN));
    },
  );

  test.each(['http', 'https'] as const)(
    'by who sends chunks of many sizes over %s',
    async (scheme) => {
      const stream = inOneBuffer(200_000, 9_000, 0, 64_000, 66_000, 1, 300_000);
      const digest = await digestBeyondSlowReader(stream, scheme, PATTERN.length);
      expect(digest).toBe(digestOf(PATTERN));
    },
  );

  test.each(['http', 'https'] as const)('by who reads a file, over %s', async (scheme) => {
    const path = join(await temporaryDirectory(), 'layer');
    await writeFile(path, PATTERN);
    await using handle = await open(path);
    const stream = readRange(handle, { start: 0, end: PATTERN.length });
    const digest = await digestBeyondSlowReader(stream, scheme, PATTERN.length);
    expect(digest).toBe(digestOf(PATTERN));
  });
});
