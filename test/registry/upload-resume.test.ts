/** Uploads that break and are gone on with, and what is learned from those that cannot be. */
import { describe, expect, test } from 'vitest';
import { measured } from '../../src/image/blob.ts';
import type { Setback } from '../../src/registry/options.ts';
import { BlobUploader } from '../../src/registry/upload.ts';
import { noise } from '../support/make-image.ts';
import type { Fault } from '../support/registry/faults.ts';
import { reusing } from '../support/streams.ts';
import { thrownBy } from '../support/thrown.ts';
import { blobOf, streamedBlob, type TestBlob } from './blobs.ts';
import { openRegistry, traceOf } from './open-client.ts';
import { ASK, DELETE, ENDLESS, failing, MOUNT, PATCH, PUT, START } from './uploader.ts';

const MIB = 1024 * 1024;
const BYTES = noise(500_000);

async function openResuming(faults: readonly Fault[], behaviour = 'distribution-3.0' as const) {
  const setbacks: Setback[] = [];
  const onSetback = (setback: Setback): void => void setbacks.push(setback);
  const opened = await openRegistry({ faults, uploads: behaviour }, { onSetback });
  const { registry, client } = opened;
  return {
    ...opened,
    setbacks,
    uploader: new BlobUploader(client),
    trace: () => traceOf(registry),
    has: ({ digest }: TestBlob) => registry.repository('team/app').blobs.has(digest),
  };
}

describe('an upload that breaks', () => {
  test.each<
    readonly [
      what: string,
      make: (bytes: Uint8Array) => TestBlob,
      method: string,
      before: readonly string[],
    ]
  >([
    ['known', blobOf, 'PUT', [`${MOUNT} 202`, `${PUT} undefined`]],
    ['produced on the way', streamedBlob, 'PATCH', [`${START} 202`, `${PATCH} undefined`]],
  ])('goes on where the registry is: %s', async (_, make, method, before) => {
    const { uploader, registry, setbacks, trace, has } = await openResuming([
      { on: { method }, do: { resetAfterBytes: 200_001 } },
    ]);
    const blob = make(BYTES);
    expect(await uploader.upload(blob)).toMatchObject({ how: 'uploaded', digest: blob.digest });
    expect([has(blob), blob.opened()]).toEqual([true, 2]);
    expect(trace()).toEqual([...before, `${ASK} 204`, `${PATCH} 202`, `${PUT} 201`]);
    const rest = registry.requests.findLast((request) => request.method === 'PATCH');
    expect([rest?.bodyBytes, rest?.headers['content-range']]).toEqual([299_999, undefined]);
    expect(setbacks).toMatchObject([
      { kind: 'retry', what: 'blob', blob: blob.digest, attempt: 1, delayMilliseconds: 250 },
      { kind: 'resume', blob: blob.digest, offset: 200_001 },
    ]);
  });

  test('is only ended where all of it had arrived', async () => {
    const { uploader, trace, has } = await openResuming([
      { on: { method: 'PATCH' }, do: { closeBeforeAnswer: true } },
    ]);
    const blob = streamedBlob(BYTES);
    await uploader.upload(blob);
    expect(has(blob)).toBe(true);
    expect(trace().slice(1)).toEqual([`${PATCH} undefined`, `${ASK} 204`, `${PUT} 201`]);
  });

  test('begins anew where nothing had arrived, or nothing is said of it', async () => {
    for (const fault of [{ resetAfterBytes: 0 }, { resetAfterBytes: 1 }]) {
      const { uploader, trace, has } = await openResuming([{ on: { method: 'PATCH' }, do: fault }]);
      const blob = streamedBlob(BYTES);
      await uploader.upload(blob);
      expect(has(blob)).toBe(true);
      expect(trace().slice(2)).toEqual([
        `${ASK} 204`,
        `${DELETE} 204`,
        `${START} 202`,
        `${PATCH} 202`,
        `${PUT} 201`,
      ]);
    }
  });

  test('is gone on with though an attempt did not get as far again', async () => {
    const { uploader, registry, trace, has } = await openResuming([
      { on: { method: 'PATCH' }, do: { resetAfterBytes: 300_000 } },
      { on: { method: 'PATCH' }, do: { status: 503, early: true } },
    ]);
    const blob = streamedBlob(BYTES);
    await uploader.upload(blob);
    expect([has(blob), registry.openUploads]).toEqual([true, []]);
    expect(trace().slice(-5)).toEqual([
      `${ASK} 204`,
      `${PATCH} 503`,
      `${ASK} 204`,
      `${PATCH} 202`,
      `${PUT} 201`,
    ]);
  });

  test('is not given up while it gets further', async () => {
    const on = { method: 'PATCH', times: 12 };
    const { uploader, clock, has } = await openResuming([{ on, do: { resetAfterBytes: 40_000 } }]);
    const blob = streamedBlob(BYTES);
    await uploader.upload(blob);
    expect(has(blob)).toBe(true);
    expect(clock.sleeps).toEqual(Array.from({ length: 12 }, () => 250));
  });

  test('begins anew when the blob comes out otherwise', async () => {
    const { uploader, registry, trace } = await openResuming([
      { on: { method: 'PATCH' }, do: { resetAfterBytes: 200_000 } },
    ]);
    const other = Buffer.from(BYTES).fill(0, 0, 1);
    let opened = 0;
    const blob = {
      ...streamedBlob(other),
      open: () => measured(reusing((opened += 1) === 1 ? BYTES : other, [100_000, 100_000])),
    };
    await uploader.upload(blob);
    expect(registry.repository('team/app').blobs.has(blob.digest)).toBe(true);
    expect(trace().slice(-6)).toEqual([
      `${PATCH} undefined`,
      `${ASK} 204`,
      `${DELETE} 204`,
      `${START} 202`,
      `${PATCH} 202`,
      `${PUT} 201`,
    ]);
  });

  test('is ended at the registry when it is given up', async () => {
    const { uploader, registry } = await openResuming([
      { on: { method: 'PATCH' }, do: { resetAfterBytes: 200_000 } },
      { on: { method: 'PATCH' }, do: { status: 403 } },
    ]);
    const error = await thrownBy(uploader.upload(streamedBlob(BYTES)));
    expect([error.code, registry.openUploads]).toEqual(['REGISTRY_DENIED', []]);
  });
});

describe('a registry that has too much to do', () => {
  test.each([429, 503])('(%i) gets fewer uploads at once', async (status) => {
    const { client, uploader } = await openResuming([failing({ method: 'PUT' }, status)]);
    const { uploads } = client.host;
    expect(uploads.limit).toBe(Infinity);
    await uploader.upload(blobOf('abc'));
    // One success later.
    expect(uploads.limit).toBe(2);
  });

  test('is no reason for that when it is only unreachable', async () => {
    const { client, uploader } = await openResuming([
      { on: { method: 'PUT' }, do: { resetAfterBytes: 0 } },
    ]);
    await uploader.upload(blobOf('abc'));
    expect(client.host.uploads.limit).toBe(Infinity);
  });
});

describe('a chunk', () => {
  async function openWithChunks(chunkSize: number, faults: readonly Fault[] = []) {
    const opened = await openResuming(faults);
    opened.client.host.losesAfter(2 * chunkSize);
    return opened;
  }

  test.each<readonly [size: number, ranges: readonly string[]]>([
    [3 * MIB, ['0-1048575', '1048576-2097151', '2097152-3145727']],
    [2 * MIB + 1, ['0-1048575', '1048576-2097151', '2097152-2097152']],
  ])('of %i bytes in all says where it stands', async (size, ranges) => {
    const { uploader, registry, has } = await openWithChunks(MIB);
    const blob = blobOf(noise(size));
    await uploader.upload(blob);
    const patches = registry.requests.filter(({ method }) => method === 'PATCH');
    expect(patches.map(({ headers }) => headers['content-range'])).toEqual(ranges);
    expect([has(blob), blob.opened()]).toEqual([true, 1]);
  });

  test('has a connection of its own where connections break', async () => {
    const { uploader, registry } = await openWithChunks(MIB);
    await uploader.upload(streamedBlob(noise(3 * MIB)));
    const patches = registry.requests.filter(({ method }) => method === 'PATCH');
    expect(patches.map(({ bodyBytes }) => bodyBytes)).toEqual([MIB, MIB, MIB]);
    expect(new Set(patches.map(({ connection }) => connection)).size).toBe(3);
  });

  test('that fails at the end of the blob never completes it', async () => {
    const { uploader, registry } = await openWithChunks(MIB);
    const damaged = { ...blobOf(noise(2 * MIB)), open: () => blobOf(noise(2 * MIB - 1)).open() };
    await thrownBy(uploader.upload(damaged));
    expect(registry.repository('team/app').blobs.size).toBe(0);
    expect(registry.openUploads).toEqual([]);
  });

  test('that is too large is refused once by 416, too', async () => {
    const { uploader, registry, client, has } = await openWithChunks(8 * MIB, [
      failing({ method: 'PATCH' }, 416),
    ]);
    const blob = blobOf(noise(9 * MIB));
    await uploader.upload(blob);
    expect([has(blob), client.host.chunkSize]).toEqual([true, 2 * MIB]);
    expect(registry.openUploads).toEqual([]);
  });

  test.each([400, 405, 501])('that is refused (%i) is the last: blobs go whole', async (status) => {
    const { uploader, client, trace, has } = await openWithChunks(MIB, [
      failing({ method: 'PATCH', nth: 2 }, status),
    ]);
    const blob = blobOf(noise(2 * MIB));
    await uploader.upload(blob);
    expect([has(blob), client.host.chunkSize]).toEqual([true, undefined]);
    expect(trace().slice(-5)).toEqual([
      `${PATCH} 202`,
      `${PATCH} ${status}`,
      `${DELETE} 204`,
      `${START} 202`,
      `${PUT} 201`,
    ]);
  });

  test('that is lost is no more than a chunk where the session survives', async () => {
    const { uploader, registry, has } = await openWithChunks(MIB, [
      { on: { method: 'PATCH', nth: 2 }, do: { resetAfterBytes: 0 } },
    ]);
    const blob = blobOf(noise(3 * MIB));
    await uploader.upload(blob);
    const sent = registry.requests.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0);
    expect(has(blob)).toBe(true);
    expect(sent).toBeLessThanOrEqual(4 * MIB);
  });
});

test('a registry that refuses every size gives up with its refusal', async () => {
  const { uploader, registry } = await openResuming([
    failing({ method: 'PATCH', ...ENDLESS }, 413),
  ]);
  const error = await thrownBy(uploader.upload(streamedBlob(BYTES)));
  expect(error.context['status']).toBe(413);
  expect(registry.openUploads).toEqual([]);
  expect(registry.requests.filter(({ method }) => method === 'PATCH')).toHaveLength(4);
});
