/** The in-process registry answers as docker distribution 2.8 does: compared with the real one. */
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../src/image/media-types.ts';
import { makeImage, makeIndex, makeLayer, type MadeImage } from './make-image.ts';
import { startRegistry, type Registry, type RegistryOptions } from './registry/registry.ts';
import { ask, withDigest, type Reply } from './registry/request.ts';

const ABSENT = `sha256:${'0'.repeat(64)}`;
let registry: Registry;

async function restart(options: RegistryOptions): Promise<void> {
  await registry[Symbol.asyncDispose]();
  registry = await startRegistry(options);
}

beforeEach(async () => {
  registry = await startRegistry();
});

afterEach(async () => registry[Symbol.asyncDispose]());

async function start(name = 'a/b'): Promise<string> {
  return (await ask('POST', `${registry.url}/v2/${name}/blobs/uploads/`)).location;
}

async function patch(location: string, body: string): Promise<string> {
  return (await ask('PATCH', location, { body })).location;
}

async function putManifest(
  reference: string,
  mediaType: string,
  body: Uint8Array | string,
): Promise<Reply> {
  const headers = { 'content-type': mediaType };
  return ask('PUT', `${registry.url}/v2/a/b/manifests/${reference}`, { headers, body });
}

async function sampleImage(format: 'oci' | 'docker' = 'oci'): Promise<MadeImage> {
  return makeImage({ format, layers: [await makeLayer({ hello: 'world' })] });
}

function addBlobs({ config, layers }: MadeImage): void {
  for (const { bytes } of [config, ...layers]) registry.repository('a/b').addBlob(bytes);
}

describe('a push', () => {
  test('by POST, PATCH, PUT and a manifest arrives', async () => {
    const image = await sampleImage();
    for (const { bytes, descriptor } of [image.config, ...image.layers]) {
      const half = bytes.length >> 1;
      const first = await ask('PATCH', await start(), { body: bytes.subarray(0, half) });
      expect(first).toMatchObject({ status: 202, headers: { range: `0-${half - 1}` } });
      const address = withDigest(first.location, bytes);
      const last = await ask('PUT', address, { body: bytes.subarray(half) });
      expect(last.status).toBe(201);
      expect(last.headers['docker-content-digest']).toBe(descriptor.digest);
    }
    const { bytes, descriptor } = image.manifest;
    const put = await putManifest('1', descriptor.mediaType, bytes);
    expect(put).toMatchObject({
      status: 201,
      location: `${registry.url}/v2/a/b/manifests/${descriptor.digest}`,
    });
    const stored = registry.repository('a/b');
    expect(stored.tags.get('1')).toBe(descriptor.digest);
    expect(stored.manifest('1')).toEqual({ mediaType: OCI_MANIFEST, bytes });
    const layer = image.layers[0];
    expect(stored.blobs.get(layer?.descriptor.digest ?? '')?.bytes).toEqual(layer?.bytes);
    expect(registry.openUploads).toEqual([]);
  });

  test('is logged, with bytes, connections and what had been answered before', async () => {
    const location = await start();
    await ask('PUT', withDigest(location, 'abc'), { body: 'abc', headers: { 'x-mark': 'm' } });
    expect(registry.requests).toMatchObject([
      { method: 'POST', path: '/v2/a/b/blobs/uploads/', status: 202, startedAfter: 0 },
      { method: 'PUT', status: 201, bodyBytes: 3, startedAfter: 1, headers: { 'x-mark': 'm' } },
    ]);
    expect(registry.requests[1]?.query.get('digest')).toBe(digestOf(Buffer.from('abc')));
    expect(registry.requests[1]?.connection).toBe(1);
  });

  test('can be waited for', async () => {
    const arrival = registry.waitFor(({ path }) => path.endsWith('/tags/list'));
    await ask('GET', `${registry.url}/v2/`);
    await ask('GET', `${registry.url}/v2/a/b/tags/list`);
    expect((await arrival).startedAfter).toBe(1);
    expect(await registry.waitFor(({ path }) => path === '/v2/')).toBe(registry.requests[0]);
  });
});

describe('plain answers', () => {
  test.each([
    ['GET', '/v2/', 200, undefined],
    ['GET', '/v2', 301, undefined],
    ['POST', '/v2/a/b/blobs/uploads', 301, undefined], // the slash is missing
    ['GET', '/v2/a/B/tags/list', 404, undefined],
    ['GET', '/token', 404, undefined],
    ['GET', '/v2/a/b/tags/list', 404, 'NAME_UNKNOWN'],
    ['POST', `/v2/${'a'.repeat(256)}/blobs/uploads/`, 500, 'UNKNOWN'],
    ['GET', `/v2/a/b/blobs/${ABSENT}`, 404, 'BLOB_UNKNOWN'],
    ['GET', '/v2/a/b/blobs/sha256:abc', 400, 'DIGEST_INVALID'],
    ['POST', `/v2/a/b/blobs/${ABSENT}`, 405, undefined],
    ['DELETE', `/v2/a/b/blobs/${ABSENT}`, 405, 'UNSUPPORTED'],
    ['GET', '/v2/a/b/manifests/x', 404, 'MANIFEST_UNKNOWN'],
    ['GET', `/v2/a/b/manifests/${ABSENT}`, 404, 'MANIFEST_UNKNOWN'],
    ['PATCH', '/v2/a/b/manifests/x', 405, undefined],
    ['PUT', '/v2/a/b/manifests/-x', 404, undefined],
    ['GET', '/v2/a/b/blobs/uploads/', 404, 'BLOB_UPLOAD_UNKNOWN'],
    ['PATCH', '/v2/a/b/blobs/uploads/x?_state=y', 404, 'BLOB_UPLOAD_INVALID'],
  ])('%s %s -> %i %s', async (method, path, status, code) => {
    expect(await ask(method, registry.url + path)).toMatchObject({ status, code });
  });

  test('HEAD has the headers of GET and no body', async () => {
    const reply = await ask('HEAD', `${registry.url}/v2/a/b/blobs/${ABSENT}`);
    expect(reply).toMatchObject({ status: 404, text: '' });
    expect(reply.headers['content-length']).toBe('157');
    expect(reply.headers['docker-distribution-api-version']).toBe('registry/2.0');
  });

  test.each([
    [undefined, 200, 'hello layer', undefined],
    ['bytes=2-4', 206, 'llo', 'bytes 2-4/11'],
    ['bytes=6-', 206, 'layer', 'bytes 6-10/11'],
    ['bytes=-2', 206, 'er', 'bytes 9-10/11'],
    ['bytes=0-1000', 206, 'hello layer', 'bytes 0-10/11'],
    ['bytes=0-1,3-4', 200, 'hello layer', undefined],
    ['bytes=11-', 416, 'invalid range: failed to overlap\n', 'bytes */11'],
  ])('a blob under Range %s -> %i %s %s', async (range, status, text, contentRange) => {
    const digest = registry.repository('a/b').addBlob(Buffer.from('hello layer'));
    const headers = range === undefined ? {} : { range };
    const reply = await ask('GET', `${registry.url}/v2/a/b/blobs/${digest}`, { headers });
    expect(reply).toMatchObject({ status, text });
    expect(reply.headers['content-range']).toBe(contentRange);
    expect(reply.headers['docker-content-digest']).toBe(digest);
  });
});

describe('an upload', () => {
  test('whose Location is out of date is lost, as with 2.8', async () => {
    const old = await start();
    const current = await patch(old, 'abc');
    for (const method of ['GET', 'PATCH', 'PUT', 'DELETE']) {
      const reply = await ask(method, withDigest(old, 'abc'));
      expect(reply).toMatchObject({ status: 404, code: 'BLOB_UPLOAD_INVALID' });
    }
    expect(await ask('GET', current)).toMatchObject({ status: 204, headers: { range: '0-2' } });
    expect(registry.openUploads).toMatchObject([{ repository: 'a/b', size: 3 }]);
  });

  test('whose Location is out of date can be resumed, as with 3.0', async () => {
    await restart({ uploads: 'distribution-3.0' });
    const old = await start();
    await patch(old, 'abc');
    expect(await ask('PATCH', old, { body: 'def' })).toMatchObject({ code: 'RANGE_INVALID' });
    const status = await ask('GET', old);
    expect(status).toMatchObject({ status: 204, headers: { range: '0-2' } });
    const address = withDigest(status.location, 'abcdef');
    expect((await ask('PUT', address, { body: 'def' })).status).toBe(201);
  });

  test('has another Location after each request, bound to repository and session', async () => {
    const first = await start();
    const second = (await ask('GET', first)).location;
    expect(second).not.toBe(first);
    expect((await ask('GET', first)).status).toBe(204); // no byte came in between
    const other = second.replace('/a/b/', '/c/d/');
    expect(await ask('GET', other)).toMatchObject({ code: 'BLOB_UPLOAD_INVALID' });
    const tampered = second.replace('_state=', '_state=A');
    expect(await ask('GET', tampered)).toMatchObject({ code: 'BLOB_UPLOAD_INVALID' });
  });

  test.each([
    ['3-5', 202, undefined],
    ['0-2', 416, 'RANGE_INVALID'],
    ['4-6', 416, 'RANGE_INVALID'],
    ['3-9', 400, 'SIZE_INVALID'],
    ['bytes 3-5/6', 500, 'UNKNOWN'],
  ])('of which 3 bytes are there takes Content-Range %s -> %i %s', async (range, status, code) => {
    const location = await patch(await start(), 'abc');
    const headers = { 'content-range': range };
    expect(await ask('PATCH', location, { headers, body: 'def' })).toMatchObject({ status, code });
  });

  test('takes no other Content-Type on PATCH', async () => {
    const headers = { 'content-type': 'text/plain' };
    expect((await ask('PATCH', await start(), { headers, body: 'x' })).status).toBe(500);
  });

  test('with a wrong digest is refused, and may be finished with the right one', async () => {
    const location = await patch(await start(), 'abc');
    const refused = await ask('PUT', withDigest(location, 'abd'));
    expect(refused).toMatchObject({ status: 400, code: 'DIGEST_INVALID' });
    expect((await ask('PUT', location)).text).toContain('digest missing');
    expect((await ask('PUT', withDigest(location, 'abc'))).status).toBe(201);
    expect(await ask('GET', location)).toMatchObject({ code: 'BLOB_UPLOAD_UNKNOWN' });
  });

  test('can be cancelled', async () => {
    expect((await ask('DELETE', await patch(await start(), 'abc'))).status).toBe(204);
    expect(registry.openUploads).toEqual([]);
  });

  test('under sha512 is stored under sha256 as well, and answered so', async () => {
    const hex = createHash('sha512').update('abc').digest('hex');
    const reply = await ask('PUT', `${await start()}&digest=sha512:${hex}`, { body: 'abc' });
    expect(reply.headers['docker-content-digest']).toBe(digestOf(Buffer.from('abc')));
    expect(registry.repository('a/b').blobs.has(`sha512:${hex}`)).toBe(true);
  });

  test('mounts what the source has, also from its own repository, and else is started', async () => {
    const digest = registry.repository('c/d').addBlob(Buffer.from('abc'));
    const uploads = `${registry.url}/v2/a/b/blobs/uploads/`;
    expect((await ask('POST', `${uploads}?mount=${ABSENT}&from=c/d`)).status).toBe(202);
    expect((await ask('POST', `${uploads}?mount=${digest}`)).status).toBe(202);
    expect((await ask('POST', `${uploads}?mount=${digest}&from=a/b`)).status).toBe(202);
    const mounted = await ask('POST', `${uploads}?mount=${digest}&from=c%2Fd`);
    expect(mounted).toMatchObject({ status: 201, headers: { 'docker-content-digest': digest } });
    expect(mounted.location).toBe(`${registry.url}/v2/a/b/blobs/${digest}`);
    expect((await ask('POST', `${uploads}?mount=${digest}&from=a/b`)).status).toBe(201);
    registry.repository('a/b').removeBlob(digest);
    expect((await ask('HEAD', `${registry.url}/v2/a/b/blobs/${digest}`)).status).toBe(404);
  });

  test('keeps digest and size alone where bytes are discarded', async () => {
    await restart({ storage: 'discard', relativeLocations: true });
    const location = await start();
    expect(location).toMatch(/^\/v2\/a\/b\/blobs\/uploads\//);
    await ask('PUT', withDigest(registry.url + location, 'abc'), { body: 'abc' });
    const digest = digestOf(Buffer.from('abc'));
    expect(registry.repository('a/b').blobs.get(digest)).toEqual({
      digest,
      size: 3,
      bytes: undefined,
    });
    const head = await ask('HEAD', `${registry.url}/v2/a/b/blobs/${digest}`);
    expect(head).toMatchObject({ status: 200, headers: { 'content-length': '3' } });
  });
});

describe('a manifest', () => {
  test('names every blob that is missing', async () => {
    const image = await sampleImage();
    const reply = await putManifest('1', OCI_MANIFEST, image.manifest.bytes);
    expect(reply.status).toBe(400);
    expect(JSON.parse(reply.text)).toEqual({
      errors: [image.config, ...image.layers].map(({ descriptor }) => ({
        code: 'MANIFEST_BLOB_UNKNOWN',
        message: 'blob unknown to registry',
        detail: descriptor.digest,
      })),
    });
  });

  test.each<[string, string, (text: string) => string, number, string | undefined]>([
    ['1', OCI_MANIFEST, (text) => text, 201, undefined],
    ['1', `${OCI_MANIFEST}; charset=utf-8`, (text) => text, 201, undefined],
    ['1', OCI_MANIFEST, (text) => text.replace(/"mediaType":"[^"]*",/, ''), 201, undefined],
    [ABSENT, OCI_MANIFEST, (text) => text, 400, 'DIGEST_INVALID'],
    ['1', DOCKER_MANIFEST, (text) => text, 400, 'MANIFEST_INVALID'],
    ['1', OCI_INDEX, (text) => text, 400, 'MANIFEST_INVALID'],
    ['1', 'application/json', (text) => text, 400, 'MANIFEST_INVALID'],
    ['1', OCI_MANIFEST, () => '[]', 400, 'MANIFEST_INVALID'],
    ['1', OCI_MANIFEST, (text) => `${text}x`, 400, 'MANIFEST_INVALID'],
    ['1', OCI_MANIFEST, (text) => text + ' '.repeat(4 << 20), 400, 'MANIFEST_INVALID'],
    ['1', OCI_MANIFEST, (text) => text.replace('n":2', 'n":3'), 500, 'UNKNOWN'],
    [
      '1',
      OCI_MANIFEST,
      (text) => text.replace('"layers"', '"manifests":[],"layers"'),
      400,
      'MANIFEST_INVALID',
    ],
    [
      '1',
      OCI_MANIFEST,
      (text) => text.replaceAll('"digest"', '"urls":["http://h/"],"digest"'),
      500,
      'UNKNOWN',
    ],
  ])('put as %s, %s, changed by %s -> %i %s', async (reference, type, change, status, code) => {
    const image = await sampleImage();
    addBlobs(image);
    const body = change(Buffer.from(image.manifest.bytes).toString());
    expect(await putManifest(reference, type, body)).toMatchObject({ status, code });
    const { tags, manifests } = registry.repository('a/b');
    expect(tags.size).toBe(status === 201 ? 1 : 0);
    expect(manifests.size).toBe(tags.size);
  });

  test.each(['oci', 'docker'] as const)(
    'list (%s) needs its instances as manifests',
    async (format) => {
      const { index, images } = makeIndex({ format, images: [{ layers: [] }] });
      const type = format === 'oci' ? OCI_INDEX : DOCKER_LIST;
      const instance = images[0] ?? (await sampleImage());
      registry.repository('a/b').addBlob(instance.manifest.bytes);
      expect(await putManifest('1', type, index.bytes)).toMatchObject({
        code: 'MANIFEST_BLOB_UNKNOWN',
      });
      addBlobs(instance);
      const { digest, mediaType } = instance.manifest.descriptor;
      expect((await putManifest(digest, mediaType, instance.manifest.bytes)).status).toBe(201);
      expect((await putManifest('1', type, index.bytes)).status).toBe(201);
      expect([...registry.repository('a/b').tags]).toEqual([['1', index.descriptor.digest]]);
    },
  );

  test('that is far too large is refused before its end, on a connection that goes on', async () => {
    const refused = await putManifest('1', OCI_MANIFEST, new Uint8Array(12 << 20));
    expect(refused).toMatchObject({ status: 400, code: 'MANIFEST_INVALID' });
    await ask('GET', `${registry.url}/v2/`);
    expect(registry.requests).toMatchObject([{ bodyBytes: 12 << 20 }, { connection: 1 }]);
  });

  test('is found only under an Accept that names its type', async () => {
    const { bytes } = (await sampleImage()).manifest;
    const digest = registry.repository('a/b').addManifest(bytes, OCI_MANIFEST, '1');
    const url = `${registry.url}/v2/a/b/manifests/1`;
    expect(await ask('GET', url)).toMatchObject({ status: 404, code: 'MANIFEST_UNKNOWN' });
    const headers = { accept: `${OCI_INDEX}, ${OCI_MANIFEST};q=0.5` };
    const found = await ask('GET', url, { headers });
    expect(found).toMatchObject({ status: 200, headers: { 'docker-content-digest': digest } });
    expect(found.text).toBe(Buffer.from(bytes).toString());
    const known = { ...headers, 'if-none-match': `"${digest}"` };
    expect((await ask('HEAD', url, { headers: known })).status).toBe(304);
    expect(JSON.parse((await ask('GET', `${registry.url}/v2/a/b/tags/list`)).text)).toEqual({
      name: 'a/b',
      tags: ['1'],
    });
  });

  test('may have foreign layers where they are allowed', async () => {
    await restart({ foreignLayers: true });
    const image = await sampleImage();
    registry.repository('a/b').addBlob(image.config.bytes);
    const text = Buffer.from(image.manifest.bytes).toString();
    const body = text.replace('"layers":[{', '"layers":[{"urls":["https://example.com/l"],');
    expect((await putManifest('1', OCI_MANIFEST, body)).status).toBe(201);
  });
});
