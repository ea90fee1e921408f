/** Uploads that are disturbed: begun anew, found again, given up, aborted. */
import { describe, expect, test } from 'vitest';
import { OcipushError } from '../../src/errors.ts';
import { BlobUploader } from '../../src/registry/upload.ts';
import { noise } from '../support/make-image.ts';
import type { Fault } from '../support/registry/faults.ts';
import { thrownBy } from '../support/thrown.ts';
import { blobOf, failingBlob, streamedBlob, type TestBlob } from './blobs.ts';
import { openRegistry, PASSWORD } from './open-client.ts';
import { ASK, ENDLESS, failing, MOUNT, openUploader, PATCH, PUT, START } from './uploader.ts';

describe.each<readonly [kind: string, make: (bytes: Uint8Array) => TestBlob, method: string]>([
  ['known', blobOf, 'PUT'],
  ['produced on the way', streamedBlob, 'PATCH'],
])('an upload of a blob that is %s', (_, make, method) => {
  const bytes = noise(500_000);

  test.each<readonly [what: string, fault: Fault['do']]>([
    ['a connection that breaks at once', { resetAfterBytes: 0 }],
    ['a connection that breaks on the way', { resetAfterBytes: 200_000 }],
    ['a connection that breaks, with bytes lost', { resetAfterBytes: 200_000, discard: true }],
    ['a registry that is busy', { status: 503 }],
    ['a registry that is busy from the start', { status: 503, early: true }],
    ['too many requests', { status: 429 }],
    ['a flipped bit', { corruptBody: true }],
  ])('begins anew after %s', async (_what, fault) => {
    const { uploader, registry, clock, has } = await openUploader({
      faults: [{ on: { method }, do: fault }],
    });
    const blob = make(bytes);
    expect(await uploader.upload(blob)).toMatchObject({ how: 'uploaded' });
    expect(has(blob)).toBe(true);
    expect(blob.opened()).toBe(2);
    expect(clock.sleeps).toEqual([250]);
    expect(registry.unfired()).toEqual([]);
  });

  test('waits as long as the registry asks for', async () => {
    const { uploader, clock } = await openUploader({
      faults: [{ on: { method }, do: { status: 429, headers: { 'retry-after': '9' } } }],
    });
    await uploader.upload(make(bytes));
    expect(clock.sleeps).toEqual([9000]);
  });

  test('is given up after five attempts', async () => {
    const { uploader, registry, clock } = await openUploader({
      faults: [{ on: { method, ...ENDLESS }, do: { resetAfterBytes: 1000 } }],
    });
    const blob = make(bytes);
    const error = await thrownBy(uploader.upload(blob));
    expect(error).toMatchObject({ code: 'REGISTRY_UNREACHABLE', retryable: true });
    expect(blob.opened()).toBe(5);
    expect(registry.requests.filter((request) => request.method === method)).toHaveLength(5);
    expect(clock.sleeps).toEqual([250, 500, 1000, 2000]);
  });

  test('is not repeated after a final refusal, and its session ended', async () => {
    const { uploader, registry, clock } = await openUploader({
      faults: [{ on: { method, ...ENDLESS }, do: { status: 403, early: true } }],
    });
    const error = await thrownBy(uploader.upload(make(bytes)));
    expect(error).toMatchObject({ code: 'REGISTRY_DENIED', retryable: false });
    expect([registry.openUploads, clock.sleeps]).toEqual([[], []]);
  });

  test('does not trust a registry that stored something else', async () => {
    const { uploader, clock } = await openUploader({
      faults: [{ on: { method: 'PUT', ...ENDLESS }, do: { wrongDigestHeader: true } }],
    });
    const error = await thrownBy(uploader.upload(make(bytes)));
    expect(error).toMatchObject({ code: 'REGISTRY_ANSWER_INVALID', retryable: false });
    expect(error.message).toContain(`sha256:${'0'.repeat(64)} instead of`);
    expect(clock.sleeps).toEqual([]);
  });

  test('trusts a 201 that names no digest', async () => {
    const { uploader } = await openUploader({
      faults: [{ on: { method: 'PUT' }, do: { dropHeader: 'docker-content-digest' } }],
    });
    expect(await uploader.upload(make(bytes))).toMatchObject({ how: 'uploaded' });
  });

  test('begins anew where it is not said how to go on', async () => {
    const on = { method: 'POST' };
    const { uploader, clock, has } = await openUploader({
      faults: [{ on, do: { dropHeader: 'location' } }],
    });
    const blob = make(bytes);
    await uploader.upload(blob);
    expect([has(blob), clock.sleeps]).toEqual([true, [250]]);
    const never = await openUploader({ faults: [{ on: ENDLESS, do: { dropHeader: 'location' } }] });
    const error = await thrownBy(never.uploader.upload(make(bytes)));
    expect(error.code).toBe('REGISTRY_ANSWER_INVALID');
    expect(error.message).toBe('determining upload URL: http: no Location header in response');
  });

  test('fails with what the blob fails with', async () => {
    const { uploader, repository, clock } = await openUploader();
    const failure = new OcipushError('DIGEST_MISMATCH', 'damaged', { origin: 'source' });
    const blob = failingBlob('abcdef', failure, method === 'PUT');
    await expect(uploader.upload(blob)).rejects.toBe(failure);
    expect([repository.blobs.size, clock.sleeps]).toEqual([0, []]);
  });

  test('goes on with a new token', async () => {
    const { registry, client, clock } = await openRegistry(
      {
        auth: { ...PASSWORD, kind: 'bearer' },
        faults: [{ on: { method }, do: { expireToken: true } }],
      },
      { credentialsFor: async () => PASSWORD },
    );
    const blob = make(bytes);
    await new BlobUploader(client).upload(blob);
    expect(registry.repository('team/app').blobs.has(blob.digest)).toBe(true);
    expect(clock.sleeps).toEqual([250]);
    const scopes = registry.requests.flatMap(({ query }) => query.getAll('scope'));
    expect(new Set(scopes)).toEqual(new Set(['repository:team/app:pull,push'])); // and never `delete`
  });

  test('takes relative addresses', async () => {
    const { uploader, has } = await openUploader({ relativeLocations: true });
    const blob = make(bytes);
    await uploader.upload(blob);
    expect(has(blob)).toBe(true);
  });

  test('ends at once when it is aborted', async () => {
    const reason = new OcipushError('ABORTED', 'interrupted');
    const abort = new AbortController();
    const fault: Fault = { on: { method }, do: { stallAfterBytes: 1000 } };
    const { registry, client } = await openRegistry({ faults: [fault] }, { signal: abort.signal });
    const uploading = new BlobUploader(client).upload(make(bytes));
    await registry.fired(fault);
    abort.abort(reason);
    await expect(uploading).rejects.toBe(reason);
  });
});

test('an answer to a stream is waited for as long as its bytes may take, which are known then', async () => {
  const holdAnswer = new Promise<never>(() => undefined);
  const { client, clock } = await openRegistry(
    { faults: [{ on: { method: 'PATCH' }, do: { holdAnswer } }] },
    { limits: { connectTimeout: 30_000, stallTimeout: 100 } },
  );
  expect(await new BlobUploader(client).upload(streamedBlob('abc'))).toMatchObject({ size: 3 });
  expect(clock.sleeps).toEqual([250]);
});

test('an upload that is aborted before it is answered ends the session that the answer tells of', async () => {
  const reason = new OcipushError('ABORTED', 'interrupted');
  const abort = new AbortController();
  let release = (): void => undefined;
  const holdAnswer = new Promise<void>((resolve) => {
    release = resolve;
  });
  const fault: Fault = { on: { method: 'POST' }, do: { holdAnswer } };
  const { registry, client } = await openRegistry({ faults: [fault] }, { signal: abort.signal });
  const uploading = new BlobUploader(client).upload(blobOf('abc'));
  await registry.fired(fault);
  abort.abort(reason);
  release();
  await expect(uploading).rejects.toBe(reason);
  expect(registry.requests.map(({ method }) => method)).toEqual(['POST', 'DELETE']);
  expect(registry.openUploads).toEqual([]);
});

describe('when an answer is lost', () => {
  test('a blob is found at the next attempt, and not sent again', async () => {
    const { uploader, trace } = await openUploader({
      faults: [{ on: { method: 'PUT' }, do: { closeBeforeAnswer: true } }],
    });
    const blob = blobOf('abc');
    expect(await uploader.upload(blob)).toMatchObject({ digest: blob.digest, size: 3 });
    expect(trace()).toEqual([`${MOUNT} 202`, `${PUT} undefined`, `${ASK} 404`, `${MOUNT} 201`]);
    expect(blob.opened()).toBe(1);
  });

  test('so is a blob that was produced on the way', async () => {
    const { uploader, trace, has } = await openUploader({
      faults: [{ on: { method: 'PUT' }, do: { closeBeforeAnswer: true } }],
    });
    const blob = streamedBlob('abc');
    expect(await uploader.upload(blob)).toMatchObject({ digest: blob.digest, how: 'exists' });
    expect(trace().slice(2)).toEqual([
      `${PUT} undefined`,
      `${PUT} 404`,
      `${ASK} 404`,
      `${MOUNT} 201`,
    ]);
    expect([has(blob), blob.opened()]).toEqual([true, 1]);
  });
});

describe('the PUT that ends an upload', () => {
  test('is repeated alone', async () => {
    const { uploader, trace, clock } = await openUploader({
      faults: [failing({ method: 'PUT', times: 2 }, 503)],
    });
    const blob = streamedBlob('abc');
    await uploader.upload(blob);
    expect(trace()).toEqual([
      `${START} 202`,
      `${PATCH} 202`,
      `${PUT} 503`,
      `${PUT} 503`,
      `${PUT} 201`,
    ]);
    expect([blob.opened(), clock.sleeps]).toEqual([1, [250, 500]]);
  });

  test('does not multiply the attempts', async () => {
    const { uploader, registry } = await openUploader({
      faults: [failing({ method: 'PUT', ...ENDLESS }, 503)],
    });
    const blob = streamedBlob('abc');
    expect(await thrownBy(uploader.upload(blob))).toMatchObject({ context: { status: 503 } });
    expect(registry.requests.filter(({ method }) => method === 'PUT')).toHaveLength(5);
    expect([blob.opened(), registry.openUploads]).toEqual([1, []]);
  });
});
