/** What a dry run says, and that it leaves nothing behind. */
import { describe, expect, test } from 'vitest';
import { digestOf, type Digest } from '../../src/image/digest.ts';
import { DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from '../../src/image/media-types.ts';
import type { PushOptions, PushResult } from '../../src/push/options.ts';
import type { DestinationReference, SourceReference } from '../../src/transports/transport.ts';
import { NO_COMPRESSION_WISH } from '../support/push-options.ts';
import { memoryDestination, memorySource, type Journal } from './memory-image.ts';
import { memoryCache, pushAll, pushOne } from './run-push.ts';
import { blobsIn, imageOf, listOf, sourceOf } from './wished-images.ts';

const repository = { registry: 'r.test', path: 'a' };

async function previewOf(
  source: SourceReference,
  destination: DestinationReference,
  options: Partial<PushOptions> = {},
  cache = memoryCache(),
): Promise<PushResult> {
  const dryRun = { ...options, dryRun: true };
  const { outcomes, events } = await pushAll(source, [destination], { options: dryRun, cache });
  expect(events.every(({ kind }) => kind === 'reading-signatures')).toBe(true);
  const [outcome] = outcomes;
  if (outcome?.status !== 'fulfilled') throw outcome?.reason;
  return outcome.value;
}

describe('a dry run', () => {
  test('writes, reads and remembers nothing', async () => {
    const journal: Journal = [];
    const destination = memoryDestination({ journal, repository });
    const source = sourceOf(await imageOf('none'));
    const cache = memoryCache();
    await previewOf(source, destination, {}, cache);
    expect(journal).toEqual(['open', 'current', 'close']);
    expect([destination.blobs.size, destination.manifests.size, source.reads.size]).toEqual([
      0, 0, 0,
    ]);
    expect(cache.size()).toBe(0);
    expect([source.isOpen(), destination.isOpen()]).toEqual([false, false]);
  });

  test('knows what does not change', async () => {
    const image = await imageOf();
    const { digest, size } = image.manifest.descriptor;
    expect(await previewOf(sourceOf(image), memoryDestination({ repository }))).toEqual({
      status: 'planned',
      digest,
      size,
      mediaType: OCI_MANIFEST,
      reference: 'memory:destination',
      repository,
      signatures: [],
      // One for what is there, two blobs of three, the manifest.
      requests: 1 + 2 * 3 + 1,
      blobs: [...image.layers, image.config].map(({ descriptor }, index) => ({
        role: index === 0 ? 'layer' : 'config',
        descriptor,
        action: 'copy',
        reason: index === 0 ? 'it is compressed already, as gzip' : 'it is no layer',
        how: 'uploaded',
        stored: { digest: descriptor.digest, size: descriptor.size },
      })),
    });
  });

  test('does not know what a layer becomes, until it has become that once', async () => {
    const source = sourceOf(await imageOf('none'));
    const cache = memoryCache();
    const first = await previewOf(source, memoryDestination(), {}, cache);
    expect(first).toMatchObject({ status: 'planned', digest: undefined, size: undefined });
    expect(first.blobs[0]).toMatchObject({ action: 'gzip', how: 'uploaded', stored: undefined });
    const { result } = await pushOne(source, memoryDestination(), { cache });
    const second = await previewOf(source, memoryDestination(), {}, cache);
    expect(second).toMatchObject({ digest: result.digest, size: result.size });
    expect(second.blobs).toEqual(result.blobs.map(({ transfer: _transfer, ...blob }) => blob));
  });

  test('of what is there asks once, and once more for each tag', async () => {
    const image = await imageOf();
    const destination = memoryDestination({ repository, tags: new Map() });
    await pushOne(sourceOf(image), destination);
    const tags = ['a', 'b'];
    expect(await previewOf(sourceOf(image), destination)).toMatchObject({
      status: 'unchanged',
      requests: 1,
      blobs: [],
    });
    expect(await previewOf(sourceOf(image), destination, { tags })).toMatchObject({ requests: 3 });
  });

  test('of what is there, but for its signatures, says that it is written', async () => {
    const list = await listOf();
    const destination = memoryDestination({ signatures: new Map() });
    await pushOne(memorySource(blobsIn(list)), destination);
    const isInstance = (instance: Digest | undefined): boolean => instance !== undefined;
    const source = memorySource(blobsIn(list), { signed: isInstance });
    expect((await previewOf(source, destination)).status).toBe('planned');
    expect((await pushOne(source, destination)).result.status).toBe('pushed');
  });

  test('counts no requests where there is no registry', async () => {
    const preview = await previewOf(sourceOf(await imageOf()), memoryDestination());
    expect(preview.requests).toBeUndefined();
  });

  test('of a list counts all manifests, and each blob once', async () => {
    const list = await listOf();
    const preview = await previewOf(memorySource(blobsIn(list)), memoryDestination({ repository }));
    expect(preview).toMatchObject({ mediaType: OCI_INDEX, digest: list.index.descriptor.digest });
    expect(preview.blobs).toHaveLength(6);
    expect(preview.requests).toBe(1 + 6 * 3 + 4);
  });

  test('of a list alone counts the list', async () => {
    const source = memorySource(blobsIn(await listOf()));
    const options = { expects: 'sparse-list' } as const;
    const preview = await previewOf(source, memoryDestination({ repository }), options);
    expect([preview.blobs, preview.requests]).toEqual([[], 2]);
  });

  test('has the config that will be written', async () => {
    const image = await imageOf('gzip', 'docker');
    const options = { format: 'oci' } as const;
    const preview = await previewOf(sourceOf(image), memoryDestination(), options);
    const { result } = await pushOne(sourceOf(image), memoryDestination(), { options });
    expect(preview).toMatchObject({ mediaType: OCI_MANIFEST, digest: result.digest });
    expect(preview.blobs).toEqual(result.blobs.map(({ transfer: _transfer, ...blob }) => blob));
  });

  test('names the format that is tried first', async () => {
    const source = sourceOf(await imageOf('none', 'docker'));
    expect((await previewOf(source, memoryDestination())).mediaType).toBe(DOCKER_MANIFEST);
  });

  test.each<[what: string, options: Partial<PushOptions>, code: string]>([
    ['a digest that it will not have', { expectDigest: digestOf(Buffer.of()) }, 'DIGEST_MISMATCH'],
    ['a tag where there is no place for it', { tags: ['a'] }, 'UNSUPPORTED'],
    [
      'a form that the format does not have',
      { format: 'v2s2', compression: { ...NO_COMPRESSION_WISH, format: 'zstd' } },
      'UNSUPPORTED',
    ],
  ])('fails for %s, as the push does', async (_, options, code) => {
    const previewing = previewOf(sourceOf(await imageOf()), memoryDestination(), options);
    await expect(previewing).rejects.toMatchObject({ code });
  });
});
