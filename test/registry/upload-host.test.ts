import { describe, expect, test } from 'vitest';
import { UploadHost, UploadHosts } from '../../src/registry/upload-host.ts';

const MIB = 1024 * 1024;

describe('a host that takes no body as large', () => {
  test.each<
    readonly [
      what: string,
      chunk: number | undefined,
      refused: readonly number[],
      sizes: readonly (number | undefined)[],
    ]
  >([
    ['of unknown size', undefined, [Infinity, 16 * MIB, 4 * MIB], [16 * MIB, 4 * MIB, MIB]],
    ['of a gigabyte', undefined, [1024 * MIB], [16 * MIB]],
    ['of 20 MiB', undefined, [20 * MIB, 5 * MIB], [5 * MIB, MIB]],
    ['of 3 MiB', undefined, [3 * MIB], [MIB]],
    ['in chunks that were wished', 8 * MIB, [8 * MIB, 2 * MIB], [2 * MIB, MIB]],
  ])('%s gets smaller chunks', (_, chunk, refused, sizes) => {
    const host = new UploadHost(chunk);
    const found = refused.map((bytes) => [host.refusesSize(bytes), host.chunkSize]);
    expect(found).toEqual(sizes.map((size) => [true, size]));
    expect(host.isFragile).toBe(false);
  });

  test.each<readonly [chunk: number | undefined, bytes: number]>([
    [undefined, 5],
    [undefined, MIB],
    [MIB, MIB],
    [1000, 1000],
  ])('is not helped by smaller chunks (%s, %i)', (chunk, bytes) => {
    const host = new UploadHost(chunk);
    expect([host.refusesSize(bytes), host.chunkSize]).toEqual([false, chunk]);
  });
});

describe('a host that loses uploads', () => {
  test.each<
    readonly [chunk: number | undefined, sent: readonly number[], size: number | undefined]
  >([
    [undefined, [0], undefined],
    [undefined, [MIB - 1], undefined],
    [undefined, [MIB], MIB],
    [undefined, [20 * MIB + 5], 10 * MIB],
    [undefined, [900 * MIB], 16 * MIB],
    [undefined, [20 * MIB, 19 * MIB], 9 * MIB],
    [undefined, [10 * MIB, 20 * MIB], 5 * MIB],
    [3 * MIB, [3 * MIB], MIB],
    [3 * MIB, [100], 3 * MIB],
  ])('(chunks of %s) after %j bytes gets chunks of %s', (chunk, sent, size) => {
    const host = new UploadHost(chunk);
    for (const bytes of sent) host.losesAfter(bytes);
    expect(host.chunkSize).toBe(size);
    expect(host.isFragile).toBe(sent.some((bytes) => bytes >= MIB));
  });
});

describe('a host that takes no chunks', () => {
  test('gets none any more, whatever breaks', () => {
    const host = new UploadHost();
    expect(host.refusesChunks()).toBe(false);
    host.losesAfter(20 * MIB);
    expect([host.refusesChunks(), host.chunkSize, host.isFragile]).toEqual([
      true,
      undefined,
      false,
    ]);
    host.losesAfter(20 * MIB);
    expect([host.refusesSize(20 * MIB), host.refusesChunks(), host.chunkSize]).toEqual([
      false,
      false,
      undefined,
    ]);
  });

  test('is not obeyed where the user wants them', () => {
    const host = new UploadHost(MIB);
    expect([host.refusesChunks(), host.chunkSize]).toEqual([false, MIB]);
  });
});

test('all who push to a host know the same of it', () => {
  const hosts = new UploadHosts(5 * MIB);
  hosts.of('a.test').takesSinglePut = false;
  expect(hosts.of('a.test')).toMatchObject({ takesSinglePut: false, chunkSize: 5 * MIB });
  expect(hosts.of('b.test')).toMatchObject({ takesSinglePut: true, chunkSize: 5 * MIB });
});
