/** Every kind of fault of the in-process registry, and that it is known when one did not happen. */
import { afterEach, describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/image/digest.ts';
import type { Fault, FaultAction } from './faults.ts';
import { startRegistry, type Registry, type RegistryOptions } from './registry.ts';
import { ask, withDigest } from './request.ts';

let registry: Registry;

afterEach(async () => registry[Symbol.asyncDispose]());

const BROKEN = { code: 'ECONNRESET' };
const BIG = Buffer.alloc(3_000_000, 7);

async function withFaults(faults: readonly Fault[], options: RegistryOptions = {}): Promise<void> {
  registry = await startRegistry({ ...options, faults });
}

async function onPatch(action: FaultAction, options: RegistryOptions = {}): Promise<string> {
  await withFaults([{ on: { method: 'PATCH' }, do: action }], options);
  return start();
}

async function start(): Promise<string> {
  return (await ask('POST', `${registry.url}/v2/a/b/blobs/uploads/`)).location;
}

function gate(): { readonly promise: Promise<void>; readonly open: () => void } {
  let open = (): void => {};
  const promise = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}

describe('the table', () => {
  test('takes a request for the first row that is not used up', async () => {
    await withFaults([
      { on: { method: 'GET', path: '/v2/', nth: 2, times: 2 }, do: { status: 503 } },
      { on: { path: /^\/v2\/$/ }, do: { status: 429, headers: { 'retry-after': '1' } } },
      { on: { query: /mount=/ }, do: { status: 403 } },
    ]);
    const statuses: number[] = [];
    for (let count = 0; count < 5; count += 1) {
      statuses.push((await ask('GET', `${registry.url}/v2/`)).status);
    }
    expect(statuses).toEqual([200, 503, 503, 429, 200]);
    expect(registry.unfired()).toMatchObject([{ do: { status: 403 } }]);
    await ask('POST', `${registry.url}/v2/a/b/blobs/uploads/?mount=x`);
    expect(registry.unfired()).toEqual([]);
  });

  test('gives no endless body to an answer that has none', async () => {
    await withFaults([{ on: { method: 'DELETE' }, do: { endlessBody: true } }]);
    expect((await ask('DELETE', await start())).status).toBe(204);
  });

  test('counts a row without end as done after the first time', async () => {
    await withFaults([{ on: { times: Infinity }, do: { status: 500 } }]);
    expect(registry.unfired()).toHaveLength(1);
    await ask('GET', registry.url);
    await ask('GET', registry.url);
    expect(registry.unfired()).toEqual([]);
  });

  test('does not know other rows', async () => {
    await withFaults([]);
    await expect(registry.fired({ on: {}, do: { status: 500 } })).rejects.toThrow(
      /not in the table/,
    );
  });
});

describe('a status', () => {
  test.each([
    [429, 'TOOMANYREQUESTS'],
    [503, 'UNAVAILABLE'],
    [416, 'RANGE_INVALID'],
    [502, 'UNKNOWN'],
  ])('%i comes after the body, with an error body of code %s', async (status, code) => {
    const location = await onPatch({ status });
    expect(await ask('PATCH', location, { body: 'abc' })).toMatchObject({ status, code });
    expect(registry.requests.at(-1)?.bodyBytes).toBe(3);
    expect((await ask('GET', location)).headers['range']).toBe('0-0'); // the upload has not seen it
  });

  test('can have any body and come before the request body', async () => {
    const location = await onPatch({ status: 413, body: '<h1>too large</h1>', early: true });
    const held = gate();
    const body = (async function* () {
      yield BIG.subarray(0, 10);
      await held.promise;
    })();
    const reply = await ask('PATCH', location, { body });
    expect(reply).toMatchObject({ status: 413, text: '<h1>too large</h1>' });
    expect(reply.headers['content-type']).toContain('text/html');
    held.open();
  });

  test('that comes early leaves the connection usable', async () => {
    const location = await onPatch({ status: 503, early: true });
    expect((await ask('PATCH', location, { body: BIG })).status).toBe(503);
    expect((await ask('PATCH', location, { body: BIG })).status).toBe(202);
    expect(registry.requests.at(-1)?.connection).toBe(1);
  });
});

describe('a reset', () => {
  test('leaves what came in the upload, where a client can go on (3.0)', async () => {
    const location = await onPatch({ resetAfterBytes: 100_001 }, { uploads: 'distribution-3.0' });
    await expect(ask('PATCH', location, { body: BIG })).rejects.toThrow(/ECONNRESET|EPIPE|hang up/);
    expect(registry.requests.at(-1)).toMatchObject({ status: undefined });
    const status = await ask('GET', location);
    expect(status.headers['range']).toBe('0-100000');
    const rest = { body: BIG.subarray(100_001) };
    expect((await ask('PUT', withDigest(status.location, BIG), rest)).status).toBe(201);
  });

  test('loses the upload where the Location holds the offset (2.8)', async () => {
    const location = await onPatch({ resetAfterBytes: 2 });
    await expect(ask('PATCH', location, { body: 'abc' })).rejects.toMatchObject(BROKEN);
    expect(await ask('GET', location)).toMatchObject({ status: 404, code: 'BLOB_UPLOAD_INVALID' });
    expect(registry.openUploads).toMatchObject([{ size: 2 }]);
  });

  test('can discard what came', async () => {
    const location = await onPatch({ resetAfterBytes: 2, discard: true });
    await expect(ask('PATCH', location, { body: 'abc' })).rejects.toMatchObject(BROKEN);
    expect((await ask('GET', location)).status).toBe(204);
  });

  test('cuts the answer to GET', async () => {
    await withFaults([{ on: { method: 'GET' }, do: { resetAfterBytes: 4 } }]);
    const digest = registry.repository('a/b').addBlob(BIG);
    const url = `${registry.url}/v2/a/b/blobs/${digest}`;
    await expect(ask('GET', url)).rejects.toMatchObject(BROKEN);
    expect((await ask('GET', url)).text).toHaveLength(BIG.length);
  });
});

describe('a stall', () => {
  test('ends when its gate opens', async () => {
    const { promise, open } = gate();
    const fault: Fault = { on: { method: 'PATCH' }, do: { stallAfterBytes: 4, until: promise } };
    await withFaults([fault]);
    const pending = ask('PATCH', await start(), { body: '0123456789' });
    await registry.fired(fault);
    expect(registry.openUploads).toMatchObject([{ size: 4 }]);
    open();
    expect(await pending).toMatchObject({ status: 202, headers: { range: '0-9' } });
  });

  test('without a gate lasts until the client goes away', async () => {
    const fault: Fault = { on: { method: 'PATCH' }, do: { stallAfterBytes: 1_000_000 } };
    await withFaults([fault], { uploads: 'distribution-3.0' });
    const location = await start();
    const client = new AbortController();
    const pending = ask('PATCH', location, { body: BIG, signal: client.signal });
    await registry.fired(fault);
    client.abort();
    await expect(pending).rejects.toThrow(/abort/);
    expect((await ask('GET', location)).headers['range']).toBe('0-999999');
  });

  test('holds requests without a body as well', async () => {
    const { promise, open } = gate();
    const fault: Fault = { on: { method: 'HEAD' }, do: { stallAfterBytes: 0, until: promise } };
    await withFaults([fault]);
    const pending = ask('HEAD', `${registry.url}/v2/`);
    await registry.fired(fault);
    expect(registry.requests.at(-1)?.status).toBeUndefined();
    open();
    expect((await pending).status).toBe(200);
  });
});

describe('an answer', () => {
  test('can be held back after the work is done', async () => {
    const { promise, open } = gate();
    const fault: Fault = { on: { method: 'PUT' }, do: { holdAnswer: promise } };
    await withFaults([fault]);
    const pending = ask('PUT', withDigest(await start(), 'abc'), { body: 'abc' });
    await registry.fired(fault);
    expect(registry.repository('a/b').blobs.has(digestOf(Buffer.from('abc')))).toBe(true);
    open();
    expect((await pending).status).toBe(201);
  });

  test('can stop in the midst of its body', async () => {
    await withFaults([{ on: { method: 'GET' }, do: { holdAfterBytes: 4 } }]);
    const digest = registry.repository('a/b').addBlob(BIG);
    const answer = await fetch(`${registry.url}/v2/a/b/blobs/${digest}`);
    expect(answer.headers.get('content-length')).toBe(String(BIG.length));
    const reader = answer.body?.getReader();
    expect(await reader?.read()).toMatchObject({ value: Uint8Array.from([7, 7, 7, 7]) });
    const more = reader?.read();
    await registry[Symbol.asyncDispose]();
    await expect(more).rejects.toThrow('terminated');
  });

  test('can be lost after the work is done', async () => {
    await withFaults([{ on: { method: 'PUT' }, do: { closeBeforeAnswer: true } }]);
    const address = withDigest(await start(), 'abc');
    await expect(ask('PUT', address, { body: 'abc' })).rejects.toMatchObject(BROKEN);
    expect(registry.repository('a/b').blobs.size).toBe(1);
    expect(await ask('GET', address)).toMatchObject({ code: 'BLOB_UPLOAD_UNKNOWN' });
  });

  test('can name a wrong digest', async () => {
    await withFaults([{ on: { method: 'PUT' }, do: { wrongDigestHeader: true } }]);
    const reply = await ask('PUT', withDigest(await start(), 'abc'), { body: 'abc' });
    expect(reply.status).toBe(201);
    expect(reply.headers['docker-content-digest']).toBe(`sha256:${'0'.repeat(64)}`);
  });

  test('can lack a header', async () => {
    await withFaults([{ on: { method: 'POST' }, do: { dropHeader: 'Location' } }]);
    expect(await start()).toBe('');
    expect(await start()).not.toBe('');
  });

  test('can have other headers', async () => {
    const location = 'http://elsewhere.example/';
    const change: FaultAction = { changeHeaders: (headers) => ({ ...headers, location }) };
    await withFaults([{ on: { method: 'POST' }, do: change }]);
    expect(await start()).toBe(location);
  });
});

test('a client that goes away leaves its bytes and is no bug of the registry', async () => {
  await withFaults([], { uploads: 'distribution-3.0' });
  const location = await start();
  const client = new AbortController();
  const body = (async function* () {
    yield BIG.subarray(0, 10);
    await registry.waitFor(({ method }) => method === 'PATCH');
    client.abort();
  })();
  const gone = ask('PATCH', location, { body, signal: client.signal });
  await expect(gone).rejects.toThrow(/abort/);
  expect((await ask('GET', location)).status).toBe(204);
  expect(registry.requests[1]).toMatchObject({ method: 'PATCH', status: undefined });
});

test('a damaged body does not have its digest', async () => {
  await withFaults([{ on: { method: 'PUT' }, do: { corruptBody: true } }]);
  const reply = await ask('PUT', withDigest(await start(), 'abc'), { body: 'abc' });
  expect(reply).toMatchObject({ status: 400, code: 'DIGEST_INVALID' });
  expect(registry.unfired()).toEqual([]);
});

test('a token can expire between two requests', async () => {
  const fault: Fault = { on: { method: 'PATCH' }, do: { expireToken: true } };
  await withFaults([fault], { auth: { kind: 'bearer' } });
  const authorization = `Bearer ${registry.issueToken('repository:a/b:pull,push')}`;
  const headers = { authorization };
  const { location } = await ask('POST', `${registry.url}/v2/a/b/blobs/uploads/`, { headers });
  const reply = await ask('PATCH', location, { headers, body: 'abc' });
  expect(reply.headers['www-authenticate']).toContain('error="invalid_token"');
  const renewed = { authorization: `Bearer ${registry.issueToken('repository:a/b:pull,push')}` };
  expect((await ask('PATCH', location, { headers: renewed, body: 'abc' })).status).toBe(202);
});
