import { describe, expect, test } from 'vitest';
import { digestOf, verified } from '../../src/image/digest.ts';
import type { ByteRange } from '../../src/io/bytes.ts';
import { readBlob } from '../../src/registry/download.ts';
import { noise } from '../support/make-image.ts';
import type { Fault } from '../support/registry/faults.ts';
import type { RegistryOptions } from '../support/registry/registry.ts';
import { bytesOf } from '../support/streams.ts';
import { thrownBy } from '../support/thrown.ts';
import { openClient, openRegistry, PASSWORD } from './open-client.ts';
import { serveHttp, type Listener } from './server.ts';

const SIZE = 300_000;
const BYTES = Buffer.from(noise(SIZE));
const BLOB = { digest: digestOf(BYTES), size: SIZE };

/** A registry that has the blob, and the ranges it was asked for. */
async function openWithBlob(served: RegistryOptions = {}) {
  const opened = await openRegistry(served);
  const { registry, client } = opened;
  registry.repository('team/app').addBlob(BYTES);
  return {
    ...opened,
    read: (range?: ByteRange) => bytesOf(readBlob(client, BLOB, range)),
    ranges: () => registry.requests.map(({ headers }) => headers.range),
  };
}

/** A client of a server that answers whatever it likes, and the ranges that it was asked for. */
async function openServed(listener: Listener) {
  const ranges: (string | undefined)[] = [];
  const { url } = await serveHttp((request, response) => {
    ranges.push(request.headers.range);
    return listener(request, response);
  });
  const { client, clock } = await openClient(url.host);
  const read = (range?: ByteRange) => bytesOf(readBlob(client, BLOB, range));
  return { client, clock, ranges, read };
}

/** Answers are cut off after so many bytes: the first `times` of them. */
function cuts(resetAfterBytes: number, times = 1): Fault {
  return { on: { method: 'GET', times }, do: { resetAfterBytes } };
}

describe('readBlob', () => {
  test('gives the whole blob, on one connection with the next', async () => {
    const { client, registry, ranges, read } = await openWithBlob();
    const other = Buffer.from('other');
    const digest = registry.repository('team/app').addBlob(other);
    expect((await read()).equals(BYTES)).toBe(true);
    expect(await bytesOf(readBlob(client, { digest, size: other.length }))).toEqual(other);
    expect(ranges()).toEqual([undefined, undefined]);
    expect(registry.requests.map(({ path }) => path)).toEqual([
      `/v2/team/app/blobs/${BLOB.digest}`,
      `/v2/team/app/blobs/${digest}`,
    ]);
    const [first, second] = registry.requests;
    expect(second?.connection).toBe(first?.connection);
  });

  test.each<readonly [start: number, end: number, header: string | undefined]>([
    [0, 1, 'bytes=0-0'],
    [0, SIZE - 1, `bytes=0-${SIZE - 2}`],
    [100, 200, 'bytes=100-199'],
    [SIZE - 1, SIZE, `bytes=${SIZE - 1}-${SIZE - 1}`],
    [0, SIZE, undefined],
  ])('asks for the range from %i to %i', async (start, end, header) => {
    const { ranges, read } = await openWithBlob();
    expect((await read({ start, end })).equals(BYTES.subarray(start, end))).toBe(true);
    expect(ranges()).toEqual([header]);
  });

  test('asks for no bytes by no request', async () => {
    const { client, registry, read } = await openWithBlob();
    expect(await read({ start: 7, end: 7 })).toHaveLength(0);
    const nothing = { digest: digestOf(Buffer.of()), size: 0 };
    expect(await bytesOf(readBlob(client, nothing))).toHaveLength(0);
    expect(registry.requests).toEqual([]);
  });

  test.each([
    [0, 10],
    [70_000, 200_000],
    [SIZE - 3, SIZE],
  ])('takes its part of an answer that knows no ranges (%i to %i)', async (start, end) => {
    const { ranges, read } = await openServed((_, response) => response.end(BYTES));
    expect((await read({ start, end })).equals(BYTES.subarray(start, end))).toBe(true);
    expect(ranges).toEqual([`bytes=${start}-${end - 1}`]);
  });

  test('hides nothing that comes too much', async () => {
    const more = Buffer.concat([BYTES, Buffer.from('!')]);
    const { client } = await openServed((_, response) => response.end(more));
    const error = await thrownBy(bytesOf(verified(readBlob(client, BLOB), BLOB)));
    expect(error).toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  test('ends where the answer does, though it should be longer', async () => {
    const { read, ranges } = await openServed((_, response) => response.end('short'));
    expect(await read()).toEqual(Buffer.from('short'));
    expect(ranges).toHaveLength(1);
  });
});

describe('a connection that breaks', () => {
  test.each<readonly [range: ByteRange | undefined, faults: readonly Fault[], next: string[]]>([
    [undefined, [cuts(1)], [`bytes=1-${SIZE - 1}`]],
    [undefined, [cuts(100_001)], [`bytes=100001-${SIZE - 1}`]],
    [undefined, [cuts(SIZE - 1)], [`bytes=${SIZE - 1}-${SIZE - 1}`]],
    [{ start: 10, end: 1000 }, [cuts(500)], ['bytes=510-999']],
    [undefined, [cuts(1000), cuts(1)], [`bytes=1000-${SIZE - 1}`, `bytes=1001-${SIZE - 1}`]],
  ])('%j is gone on with at the next byte', async (range, faults, next) => {
    const { clock, read, ranges } = await openWithBlob({ faults });
    const { start, end } = range ?? { start: 0, end: SIZE };
    expect((await read(range)).equals(BYTES.subarray(start, end))).toBe(true);
    expect(ranges().slice(1)).toEqual(next);
    expect(clock.sleeps).toEqual([]);
  });

  test('is no reason to give up while bytes come', async () => {
    const { read, ranges } = await openWithBlob({ faults: [cuts(10_000, 20)] });
    expect((await read()).equals(BYTES)).toBe(true);
    expect(ranges()).toHaveLength(21);
  });

  test('may be gone on with where no ranges are known', async () => {
    let answers = 0;
    const { read, ranges } = await openServed((_, response) => {
      answers += 1;
      response.writeHead(200, { 'content-length': SIZE });
      if (answers > 1) response.end(BYTES);
      else response.write(BYTES.subarray(0, 1000), () => response.socket?.destroySoon());
    });
    expect((await read()).equals(BYTES)).toBe(true);
    expect(ranges).toEqual([undefined, `bytes=1000-${SIZE - 1}`]);
  });

  test.each([0, 1000])('and brings nothing new is given up (after %i bytes)', async (first) => {
    let given = first;
    const { read, ranges, clock } = await openServed((_, response) => {
      response.writeHead(206, { 'content-length': SIZE });
      response.flushHeaders();
      response.write(BYTES.subarray(0, given), () => response.socket?.destroySoon());
      given = 0;
    });
    expect(await thrownBy(read())).toMatchObject({ code: 'REGISTRY_UNREACHABLE', retryable: true });
    // Five breaks without a byte between them.
    expect(ranges).toHaveLength(5);
    expect(clock.sleeps).toEqual([]);
  });

  test('is not gone on with by whom the user has stopped', async () => {
    const stopped = new Error('stopped');
    const controller = new AbortController();
    const { url } = await serveHttp((_, response) => {
      response.writeHead(200, { 'content-length': SIZE });
      response.write(BYTES.subarray(0, 1000));
    });
    const { client } = await openClient(url.host, { signal: controller.signal });
    const reading = (async () => {
      for await (const chunk of readBlob(client, BLOB)) {
        expect(chunk).not.toHaveLength(0);
        controller.abort(stopped);
      }
    })();
    await expect(reading).rejects.toBe(stopped);
  });
});

describe('a request that is refused', () => {
  test('for an unknown blob names it, and is not repeated', async () => {
    const { client, registry, clock } = await openRegistry();
    const error = await thrownBy(bytesOf(readBlob(client, BLOB)));
    expect(error).toMatchObject({ context: { status: 404, registryCode: 'BLOB_UNKNOWN' } });
    expect(error.message).toContain(BLOB.digest);
    expect([registry.requests.length, clock.sleeps]).toEqual([1, []]);
  });

  test.each([403, 416])('with %i is not repeated', async (status) => {
    const faults = [{ on: { times: Infinity }, do: { status } }];
    const { client, registry } = await openWithBlob({ faults });
    const error = await thrownBy(bytesOf(readBlob(client, BLOB)));
    expect(error).toMatchObject({ context: { status } });
    expect(registry.requests).toHaveLength(1);
  });

  test('by a busy registry is repeated', async () => {
    const { read, clock } = await openWithBlob({ faults: [{ on: {}, do: { status: 503 } }] });
    expect((await read()).equals(BYTES)).toBe(true);
    expect(clock.sleeps).toEqual([250]);
  });

  test('by a registry that stays busy is repeated as often as any', async () => {
    const faults = [{ on: { times: Infinity }, do: { status: 503 } }];
    const { client, registry, clock } = await openWithBlob({ faults });
    const error = await thrownBy(bytesOf(readBlob(client, BLOB)));
    expect(error).toMatchObject({ context: { status: 503 }, retryable: true });
    expect(registry.requests).toHaveLength(5);
    expect(clock.sleeps).toEqual([250, 500, 1000, 2000]);
  });
});

describe('a redirect', () => {
  test('to another host is followed with the range and without credentials', async () => {
    const seen: (readonly [authorization: string | undefined, range: string | undefined])[] = [];
    const { url: store } = await serveHttp(({ headers }, response) => {
      seen.push([headers.authorization, headers.range]);
      response.writeHead(206).end(BYTES.subarray(5, 9));
    });
    const { url } = await serveHttp(({ headers }, response) => {
      if (headers.authorization === undefined) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      } else {
        response.writeHead(307, { location: `${store.origin}/content?signature=1` }).end();
      }
    });
    const { client } = await openClient(url.host, { credentialsFor: async () => PASSWORD });
    const bytes = await bytesOf(readBlob(client, BLOB, { start: 5, end: 9 }));
    expect(bytes).toEqual(BYTES.subarray(5, 9));
    expect(seen).toEqual([[undefined, 'bytes=5-8']]);
  });

  test('is asked for again when the connection broke', async () => {
    let asked = 0;
    const { url: store } = await serveHttp(({ headers }, response) => {
      if (headers.range === undefined) {
        response.writeHead(200, { 'content-length': SIZE });
        response.write(BYTES.subarray(0, 100), () => response.socket?.destroySoon());
      } else {
        response.writeHead(206).end(BYTES.subarray(100));
      }
    });
    const { read } = await openServed((_, response) => {
      asked += 1;
      response.writeHead(302, { location: `${store.origin}/content` }).end();
    });
    expect((await read()).equals(BYTES)).toBe(true);
    expect(asked).toBe(2);
  });
});
