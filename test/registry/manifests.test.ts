import { describe, expect, onTestFinished, test } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import { OCI_MANIFEST } from '../../src/image/media-types.ts';
import {
  findManifest,
  getManifest,
  headManifest,
  putManifest,
} from '../../src/registry/manifests.ts';
import { makeImage, makeLayer } from '../support/make-image.ts';
import { makeReferrer } from '../support/make-referrer.ts';
import type { FaultAction } from '../support/registry/faults.ts';
import { startScriptedRegistry, type CannedAnswer } from '../support/request-table.ts';
import { thrownBy } from '../support/thrown.ts';
import { openClient, openRegistry, traceOf } from './open-client.ts';

const TYPE = 'application/vnd.oci.image.manifest.v1+json';

async function openWithImage(action?: FaultAction, times = Infinity) {
  const faults = action === undefined ? [] : [{ on: { path: /\/manifests\//, times }, do: action }];
  const opened = await openRegistry({ faults });
  const repository = opened.registry.repository('team/app');
  const image = makeImage({ layers: [await makeLayer({ a: '1' })] });
  for (const { bytes } of [image.config, ...image.layers]) repository.addBlob(bytes);
  const { bytes, descriptor } = image.manifest;
  const manifest = { bytes, mediaType: TYPE, digest: descriptor.digest };
  return { ...opened, repository, manifest };
}

/** The client of a registry that gives one answer. */
async function openScripted(method: string, answer: CannedAnswer) {
  const registry = await startScriptedRegistry([
    { request: { method, path: '/v2/team/app/manifests/1' }, answer },
  ]);
  onTestFinished(() => registry[Symbol.asyncDispose]());
  return openClient(registry.host);
}

describe('headManifest', () => {
  test.each(['1', 'digest'])('tells the digest of what is there (by %s)', async (by) => {
    const { client, repository, manifest, registry } = await openWithImage();
    repository.addManifest(manifest.bytes, TYPE, '1');
    const reference = by === '1' ? '1' : manifest.digest;
    expect(await headManifest(client, reference)).toBe(manifest.digest);
    expect(registry.requests[0]?.headers['accept']?.split(', ')).toEqual([
      OCI_MANIFEST,
      'application/vnd.docker.distribution.manifest.v2+json',
      'application/vnd.oci.image.index.v1+json',
      'application/vnd.docker.distribution.manifest.list.v2+json',
      'application/vnd.docker.distribution.manifest.v1+prettyjws',
      'application/vnd.docker.distribution.manifest.v1+json',
    ]);
  });

  test.each([401, 403, 404, 405])(
    'knows of nothing where it is answered with %i',
    async (status) => {
      const { client, clock } = await openWithImage({ status });
      expect(await headManifest(client, '1')).toBeUndefined();
      expect(clock.sleeps).toEqual([]);
    },
  );

  test.each<readonly [headers: Readonly<Record<string, string>>]>([
    [{}],
    [{ 'docker-content-digest': 'nonsense' }],
    [{ 'docker-content-digest': 'md5:d41d8cd98f00b204e9800998ecf8427e' }],
    [{ 'docker-content-digest': '' }],
  ])('knows of nothing where no digest is told: %j', async (headers) => {
    const { client } = await openScripted('HEAD', { status: 200, headers });
    expect(await headManifest(client, '1')).toBeUndefined();
  });

  test('asks again where the registry is busy', async () => {
    const { client, clock, repository, manifest } = await openWithImage({ status: 503 }, 1);
    repository.addManifest(manifest.bytes, TYPE, '1');
    expect(await headManifest(client, '1')).toBe(manifest.digest);
    expect(clock.sleeps).toEqual([250]);
  });

  test.each([
    [400, false],
    [503, true],
  ])('fails with %i', async (status, retryable) => {
    const { client } = await openWithImage({ status, body: '' });
    expect(await thrownBy(headManifest(client, '1'))).toMatchObject({
      code: 'REGISTRY_STATUS',
      message: expect.stringMatching(/^checking manifest 1: /),
      context: { status },
      retryable,
    });
  });
});

describe('getManifest', () => {
  const LIMIT = 10_000;

  test.each(['1', 'digest'])('gives bytes and type as they are delivered (by %s)', async (by) => {
    const { client, repository, manifest, registry } = await openWithImage();
    repository.addManifest(manifest.bytes, TYPE, '1');
    const reference = by === '1' ? '1' : manifest.digest;
    const { bytes, mediaType } = await getManifest(client, reference, LIMIT);
    expect(Buffer.from(manifest.bytes).equals(bytes)).toBe(true);
    expect(mediaType).toBe(TYPE);
    expect(traceOf(registry)).toHaveLength(1);
    expect(registry.requests[0]?.headers['accept']).toMatch(/manifest\.v1\+json.*index\.v1\+json/);
  });

  test.each<readonly [headers: Readonly<Record<string, string>>, mediaType: string | undefined]>([
    [{}, undefined],
    [{ 'content-type': TYPE }, TYPE],
    [{ 'content-type': `${TYPE};charset=utf-8` }, TYPE],
    [{ 'content-type': 'text/plain' }, 'text/plain'],
  ])('takes the type from %j', async (headers, mediaType) => {
    const { client } = await openScripted('GET', { status: 200, headers, body: '{}' });
    expect(await getManifest(client, '1', LIMIT)).toEqual({ bytes: Buffer.from('{}'), mediaType });
  });

  test('takes no more than it was told to', async () => {
    const { client, repository, registry, clock } = await openWithImage();
    repository.addManifest(Buffer.alloc(LIMIT), TYPE, 'full');
    repository.addManifest(Buffer.alloc(LIMIT + 1), TYPE, 'over');
    expect((await getManifest(client, 'full', LIMIT)).bytes).toHaveLength(LIMIT);
    const error = await thrownBy(getManifest(client, 'over', LIMIT));
    expect(error).toMatchObject({ code: 'LIMIT_EXCEEDED', retryable: false });
    expect([registry.requests.length, clock.sleeps]).toEqual([2, []]);
  });

  test.each<readonly [what: string, action: FaultAction]>([
    ['a busy registry', { status: 503 }],
    ['a lost answer', { closeBeforeAnswer: true }],
    ['half an answer', { resetAfterBytes: 10 }],
  ])('asks again after %s', async (_, action) => {
    const { client, repository, manifest, clock } = await openWithImage(action, 1);
    repository.addManifest(manifest.bytes, TYPE, '1');
    expect((await getManifest(client, '1', LIMIT)).bytes).toHaveLength(manifest.bytes.length);
    expect(clock.sleeps).toEqual([250]);
  });

  test('says which manifest is not there', async () => {
    const { client, registry, clock } = await openRegistry();
    const error = await thrownBy(getManifest(client, '1', LIMIT));
    expect(error).toMatchObject({ context: { status: 404, registryCode: 'MANIFEST_UNKNOWN' } });
    expect(error.message).toMatch(`reading manifest 1 in ${registry.host}/team/app: `);
    expect([traceOf(registry), clock.sleeps]).toEqual([['GET manifests/1 404'], []]);
  });
});

test('findManifest finds what is there', async () => {
  const { client, registry } = await openRegistry();
  const { bytes } = makeReferrer('text/a', digestOf(Buffer.from('image')));
  registry.repository('team/app').addManifest(bytes, OCI_MANIFEST, '1');
  expect(await findManifest(client, '1')).toEqual({ bytes, mediaType: OCI_MANIFEST });
  expect(await findManifest(client, '2')).toBeUndefined();
});

describe('putManifest', () => {
  test.each(['1', 'digest'])('writes the bytes as they are (by %s)', async (by) => {
    const { client, repository, manifest, registry } = await openWithImage();
    await putManifest(client, by === '1' ? '1' : manifest.digest, manifest);
    expect(repository.manifest(manifest.digest)).toEqual({
      mediaType: TYPE,
      bytes: Buffer.from(manifest.bytes),
    });
    expect([...repository.tags]).toEqual(by === '1' ? [['1', manifest.digest]] : []);
    expect(registry.requests[0]?.headers).toMatchObject({
      'content-type': TYPE,
      'content-length': String(manifest.bytes.length),
    });
  });

  test.each<readonly [what: string, action: FaultAction]>([
    ['a busy registry', { status: 503 }],
    ['too many requests', { status: 429 }],
    ['a lost answer', { closeBeforeAnswer: true }],
    ['a broken connection', { resetAfterBytes: 10 }],
  ])('is repeated after %s', async (_, action) => {
    const { client, repository, manifest, clock } = await openWithImage(action, 1);
    await putManifest(client, '1', manifest);
    expect(repository.tags.get('1')).toBe(manifest.digest);
    expect(clock.sleeps).toEqual([250]);
  });

  const digest = digestOf(Buffer.from('{}'));
  const told = { 'docker-content-digest': digest };

  test.each<readonly [status: number, headers: Readonly<Record<string, string>>]>([
    [200, told],
    [201, told],
    [201, {}],
    [202, told],
  ])('is a success with %i %j', async (status, headers) => {
    const { client } = await openScripted('PUT', { status, headers });
    const manifest = { bytes: Buffer.from('{}'), mediaType: TYPE, digest };
    await expect(putManifest(client, '1', manifest)).resolves.toEqual({ listsSubject: false });
  });

  test.each<readonly [status: number, headers: Readonly<Record<string, string>>]>([
    [200, {}], // the page of a proxy
    [202, {}],
    [201, { 'docker-content-digest': digestOf(Buffer.from('[]')) }],
    [201, { 'docker-content-digest': 'nonsense' }],
    [201, { 'content-type': 'text/html; charset=utf-8' }],
  ])('is no success with %i %j', async (status, headers) => {
    const { client } = await openScripted('PUT', { status, headers, body: '<html>' });
    const manifest = { bytes: Buffer.from('{}'), mediaType: TYPE, digest };
    expect(await thrownBy(putManifest(client, '1', manifest))).toMatchObject({
      code: 'REGISTRY_ANSWER_INVALID',
      context: { status },
      retryable: false,
    });
  });

  /** Whether another format may be taken where this one is refused. */
  test.each<readonly [status: number, code: string, message: string, isFormat: boolean]>([
    [400, 'MANIFEST_INVALID', 'manifest invalid', true],
    [400, 'TAG_INVALID', 'manifest tag did not match URI', true],
    [400, 'UNSUPPORTED', 'Invalid JSON syntax', true],
    [400, 'UNSUPPORTED', 'the operation is unsupported', false],
    [415, 'UNKNOWN', 'what is that', true],
    [400, 'NAME_INVALID', 'invalid repository name', false],
    [404, 'NAME_UNKNOWN', 'repository name not known to registry', false],
    [500, 'MANIFEST_INVALID', 'manifest schema v1 unsupported', false], // of distribution 2.8
  ])('%i %s (%s): of the format: %s', async (status, code, message, isFormat) => {
    const body = JSON.stringify({ errors: [{ code, message }] });
    const headers = { 'content-type': 'application/json' };
    const { client } = await openScripted('PUT', { status, headers, body });
    const manifest = { bytes: Buffer.from('{}'), mediaType: TYPE, digest };
    const error = await thrownBy(putManifest(client, '1', manifest));
    expect((error as { code: string }).code === 'MANIFEST_REJECTED').toBe(isFormat);
  });

  test('says what the registry has against it, and does not insist', async () => {
    const { client, registry, clock } = await openRegistry();
    const manifest = { bytes: Buffer.from('{}'), mediaType: TYPE, digest };
    const error = await thrownBy(putManifest(client, '1', manifest));
    expect(error).toMatchObject({
      code: 'MANIFEST_REJECTED',
      context: { registryCode: 'MANIFEST_INVALID' },
      retryable: false,
    });
    expect(error.message).toContain(
      `uploading manifest 1 to ${registry.host}/team/app: manifest invalid`,
    );
    expect([traceOf(registry), clock.sleeps]).toEqual([['PUT manifests/1 400'], []]);
  });

  test('is for the whole push to repeat when a blob is gone', async () => {
    const { client, repository, manifest, registry } = await openWithImage();
    for (const blob of repository.blobs.keys()) repository.removeBlob(blob);
    expect(await thrownBy(putManifest(client, '1', manifest))).toMatchObject({
      context: { registryCode: 'MANIFEST_BLOB_UNKNOWN' },
      retryable: true,
    });
    expect(registry.requests).toHaveLength(1);
  });
});
