import { describe, expect, test } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import { BlobUploader } from '../../src/registry/upload.ts';
import { noise } from '../support/make-image.ts';
import { thrownBy } from '../support/thrown.ts';
import { blobOf, streamedBlob, type TestBlob } from './blobs.ts';
import { openRegistry, PASSWORD, traceOf } from './open-client.ts';
import {
  ASK,
  DELETE,
  ENDLESS,
  failing,
  MOUNT,
  openUploader,
  PATCH,
  PUT,
  START,
} from './uploader.ts';

const MIB = 1024 * 1024;

describe('a blob that is known', () => {
  test.each<readonly [size: number, trace: readonly string[]]>([
    [0, [`${MOUNT} 202`, `${PUT} 201`]],
    [1, [`${MOUNT} 202`, `${PUT} 201`]],
    [MIB - 1, [`${MOUNT} 202`, `${PUT} 201`]],
  ])('of %i bytes goes up in one PUT', async (size, trace) => {
    const { uploader, registry, ...seen } = await openUploader();
    const blob = blobOf(noise(size));
    const stored = await uploader.upload(blob);
    expect(stored).toEqual({ digest: blob.digest, size, how: 'uploaded' });
    expect(seen.trace()).toEqual(trace);
    expect(seen.has(blob)).toBe(true);
    const [mount, put] = registry.requests;
    expect(Object.fromEntries(mount?.query ?? [])).toEqual({
      mount: blob.digest,
      from: 'team/app',
    });
    expect(mount?.headers['content-length']).toBe('0');
    expect(put?.headers).toMatchObject({
      'content-length': String(size),
      'content-type': 'application/octet-stream',
    });
    expect(put?.headers).not.toHaveProperty('content-range');
  });

  test('of a MiB is asked for twice at once', async () => {
    let release = (): void => undefined;
    const holdAnswer = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { uploader, trace, registry } = await openUploader({
      faults: [{ on: { method: 'POST' }, do: { holdAnswer } }],
    });
    const uploading = uploader.upload(blobOf(noise(MIB)));
    await registry.waitFor(({ method }) => method === 'HEAD');
    release();
    await uploading;
    expect(trace().toSorted()).toEqual(['HEAD blobs/sha256:… 404', `${MOUNT} 202`, `${PUT} 201`]);
  });

  test.each([10, 2 * MIB])('and there (%i bytes) is not produced', async (size) => {
    const { uploader, repository, trace, registry } = await openUploader();
    const blob = blobOf(noise(size));
    repository.addBlob(noise(size));
    const stored = await uploader.upload(blob);
    expect(stored).toEqual({ digest: blob.digest, size, how: 'exists' });
    expect(blob.opened()).toBe(0);
    expect(trace()).toContain(`${MOUNT} 201`);
    expect(registry.openUploads).toEqual([]);
  });

  test('is found under any of its candidates', async () => {
    const { uploader, repository, trace, registry } = await openUploader();
    const [absent, present] = ['absent', 'present'].map((text) => Buffer.from(text));
    const candidates = [absent, present, Buffer.from('later')].map((bytes) => ({
      digest: digestOf(bytes ?? Buffer.of()),
      size: bytes?.length ?? 0,
    }));
    repository.addBlob(present ?? Buffer.of());
    const stored = await uploader.upload(streamedBlob('x', { candidates }));
    expect(stored).toEqual({ ...candidates[1], how: 'exists' });
    expect(trace()).toEqual([`${MOUNT} 202`, `${DELETE} 204`, `${MOUNT} 201`]);
    expect(registry.openUploads).toEqual([]);
  });

  test.each([400, 401, 403, 404, 405, 422, 500, 501, 503])(
    'is sent, though a mount is refused with %i',
    async (status) => {
      const { uploader, trace, clock, has } = await openUploader({
        faults: [failing({ query: /mount/, ...ENDLESS }, status)],
      });
      const blob = blobOf('abc');
      expect((await uploader.upload(blob)).how).toBe('uploaded');
      expect(has(blob)).toBe(true);
      expect(trace().filter((line) => line !== 'GET /v2/ 200')).toEqual([
        `${MOUNT} ${status}`,
        `${START} 202`,
        `${PUT} 201`,
      ]);
      expect(clock.sleeps).toEqual([]);
    },
  );

  test.each([400, 403, 405, 500, 503])(
    'is sent, though a question is refused with %i',
    async (status) => {
      const { uploader, clock, has } = await openUploader({
        faults: [failing({ method: 'HEAD', ...ENDLESS }, status)],
      });
      const blob = blobOf(noise(MIB));
      expect((await uploader.upload(blob)).how).toBe('uploaded');
      expect([has(blob), clock.sleeps]).toEqual([true, []]);
    },
  );
});

describe('a registry that takes no body with the PUT', () => {
  const isFirst = { method: 'PUT' };

  test.each<[status: number, body?: string]>([
    [404],
    [404, '{"errors":[{"code":"BLOB_UNKNOWN"}]}'], // old Artifactory
    [400, '{"errors":[{"code":"BLOB_UPLOAD_INVALID"}]}'],
    [405],
    [413, '<html>'], // Azure
    [415],
    [416],
    [501],
  ])('(%i) is sent PATCH and PUT, now and later', async (status, body) => {
    const { uploader, trace, registry, clock, has } = await openUploader({
      faults: [failing(isFirst, status, body)],
    });
    const blobs = [blobOf('first'), blobOf('second')];
    for (const blob of blobs) expect((await uploader.upload(blob)).how).toBe('uploaded');
    expect(trace()).toEqual([
      `${MOUNT} 202`,
      `${PUT} ${status}`,
      // Where it is said to be elsewhere, it is asked where.
      ...(status === 416 || status === 400 ? [`${ASK} 204`] : []),
      `${DELETE} 204`,
      `${START} 202`,
      `${PATCH} 202`,
      `${PUT} 201`,
      `${MOUNT} 202`,
      `${PATCH} 202`,
      `${PUT} 201`,
    ]);
    const patch = registry.requests.find(({ method }) => method === 'PATCH');
    expect(patch?.headers).toMatchObject({ 'content-length': '5' });
    expect(patch?.headers).not.toHaveProperty('content-range');
    expect(clock.sleeps).toEqual([]);
    expect(registry.openUploads).toEqual([]);
    expect(blobs.map((blob) => [has(blob), blob.opened()])).toEqual([
      [true, 2],
      [true, 1],
    ]);
  });

  test.each([500, 502, 503, 504])(
    'or is busy (%i) is left alone for a while first',
    async (status) => {
      const { uploader, trace, clock, has } = await openUploader({
        faults: [failing(isFirst, status)],
      });
      const blob = blobOf('abc');
      await uploader.upload(blob);
      expect(clock.sleeps).toEqual([250]);
      expect(trace().slice(-3)).toEqual([`${MOUNT} 202`, `${PATCH} 202`, `${PUT} 201`]);
      expect(has(blob)).toBe(true);
    },
  );

  test('and none with a PATCH has the last word', async () => {
    const faults = [
      failing({ method: 'PUT', ...ENDLESS }, 413),
      failing({ method: 'PATCH', ...ENDLESS }, 413),
    ];
    const { uploader, registry, clock } = await openUploader({ faults });
    const error = await thrownBy(uploader.upload(blobOf('abc')));
    expect(error).toMatchObject({ context: { status: 413 }, retryable: false });
    expect(error.hint).toContain('limits the size');
    expect([registry.openUploads, clock.sleeps]).toEqual([[], []]);
  });
});

describe('a blob that is produced on the way', () => {
  test('goes up in a PATCH of unknown length and a PUT', async () => {
    const { uploader, registry, trace, has } = await openUploader();
    const blob = streamedBlob(noise(300_000));
    const stored = await uploader.upload(blob);
    expect(stored).toEqual({ digest: blob.digest, size: 300_000, how: 'uploaded' });
    expect(has(blob)).toBe(true);
    expect(trace()).toEqual([`${START} 202`, `${PATCH} 202`, `${PUT} 201`]);
    const [, patch, put] = registry.requests;
    expect(patch?.headers).toMatchObject({
      'transfer-encoding': 'chunked',
      'content-type': 'application/octet-stream',
    });
    expect(patch?.headers).not.toHaveProperty('content-range');
    expect(put?.headers).toMatchObject({ 'content-length': '0' });
    expect(put?.query.get('digest')).toBe(blob.digest);
  });

  test('may be empty', async () => {
    const { uploader, has } = await openUploader();
    const blob = streamedBlob('');
    expect(await uploader.upload(blob)).toMatchObject({ size: 0 });
    expect(has(blob)).toBe(true);
  });

  test('begins in the session that a question was answered with', async () => {
    const { uploader, trace } = await openUploader();
    const candidates = [{ digest: digestOf(Buffer.from('a guess')), size: 7 }];
    await uploader.upload(streamedBlob('abc', { candidates }));
    expect(trace()).toEqual([`${MOUNT} 202`, `${PATCH} 202`, `${PUT} 201`]);
  });
});

test('digests of other algorithms are the registry’s to confirm', async () => {
  const { uploader } = await openUploader();
  const bytes = Buffer.from('abc');
  const identity = { digest: digestOf(bytes, 'sha512'), size: 3 };
  const blob = { ...blobOf(bytes), candidates: [identity], identity };
  expect(await uploader.upload(blob)).toEqual({ ...identity, how: 'uploaded' });
});

describe('a blob that another repository has', () => {
  function from(registry: string, path: string, size = 3): TestBlob {
    const blob = blobOf(noise(size));
    const candidates = blob.candidates.map((each) => ({ ...each, origin: { registry, path } }));
    return { ...blob, candidates };
  }

  test.each([3, MIB])('of the same registry is mounted (%i bytes)', async (size) => {
    const { uploader, registry, trace, has } = await openUploader();
    registry.repository('team/base').addBlob(noise(size));
    const blob = from(registry.host, 'team/base', size);
    const { digest } = blob;
    const mountedFrom = { registry: registry.host, path: 'team/base' };
    expect(await uploader.upload(blob)).toEqual({ digest, size, how: 'mounted', mountedFrom });
    expect([has(blob), blob.opened(), registry.openUploads]).toEqual([true, 0, []]);
    expect(trace()).toContain(`${MOUNT} 201`);
    const mount = registry.requests.find(({ method }) => method === 'POST');
    expect(Object.fromEntries(mount?.query ?? [])).toEqual({ mount: digest, from: 'team/base' });
  });

  test('is sent in the session that a mount was answered with', async () => {
    const { uploader, registry, trace, has } = await openUploader();
    const blob = from(registry.host, 'team/base');
    expect(await uploader.upload(blob)).toMatchObject({ how: 'uploaded' });
    expect([has(blob), trace()]).toEqual([true, [`${MOUNT} 202`, `${PUT} 201`]]);
  });

  test('is not sent when it is there and cannot be mounted', async () => {
    const { uploader, registry, repository, trace } = await openUploader();
    repository.addBlob(noise(MIB));
    const blob = from(registry.host, 'team/base', MIB);
    expect(await uploader.upload(blob)).toMatchObject({ how: 'exists' });
    expect(trace().toSorted()).toEqual([
      `${DELETE} 204`,
      'HEAD blobs/sha256:… 200',
      `${MOUNT} 202`,
    ]);
    expect(registry.openUploads).toEqual([]);
  });

  test.each([
    ['other.test', 'team/base'],
    [undefined, 'team/app'],
  ])('%s/%s is asked for where it goes', async (host, path) => {
    const { uploader, registry, repository } = await openUploader();
    registry.repository('team/base').addBlob(noise(3));
    repository.addBlob(noise(3));
    const blob = from(host ?? registry.host, path);
    expect(await uploader.upload(blob)).toMatchObject({ how: 'exists' });
    expect(registry.requests.map(({ query }) => query.get('from'))).toEqual(['team/app']);
  });

  const credentialsFor = async () => PASSWORD;
  const auth = { ...PASSWORD, kind: 'bearer' } as const;
  const BOTH = ['repository:team/app:pull,push', 'repository:team/base:pull'];

  test('is asked for with a token for both repositories', async () => {
    const { client, registry } = await openRegistry({ auth }, { credentialsFor });
    registry.repository('team/base').addBlob(noise(3));
    const uploader = new BlobUploader(client);
    await uploader.upload(blobOf('of our own'));
    const blob = from(registry.host, 'team/base');
    expect(await uploader.upload(blob)).toMatchObject({ how: 'mounted' });
    const tokens = registry.requests.filter(({ path }) => path === '/token');
    expect(tokens.map(({ query }) => query.getAll('scope'))).toEqual([BOTH.slice(0, 1), BOTH]);
    // That was the first request of all; none was made with a token for too little.
    expect(traceOf(registry).filter((line) => line.endsWith(' 401'))).toEqual([`${MOUNT} 401`]);
  });

  test('is sent where no token is to be had for both', async () => {
    const served = { auth: { ...auth, firstScopeOnly: true } };
    const { client, registry, clock } = await openRegistry(served, { credentialsFor });
    registry.repository('team/base').addBlob(noise(3));
    const blob = from(registry.host, 'team/base');
    expect(await new BlobUploader(client).upload(blob)).toMatchObject({ how: 'uploaded' });
    expect(registry.repository('team/app').blobs.has(blob.digest)).toBe(true);
    expect([clock.sleeps, registry.openUploads]).toEqual([[], []]);
  });
});
