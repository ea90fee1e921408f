import { describe, expect, test } from 'vitest';
import type { Digest } from '../../src/image/digest.ts';
import { verifyImage, type ExpectedContents } from '../../src/registry/verify.ts';
import { blobsOf, makeImage, makeIndex, makeLayer, type MadeBlob } from '../support/make-image.ts';
import type { FaultAction } from '../support/registry/faults.ts';
import type { Repository } from '../support/registry/repository.ts';
import { thrownBy } from '../support/thrown.ts';
import { openRegistry, traceOf } from './open-client.ts';

interface Stage {
  readonly repository: Repository;
  readonly verify: (expected?: Partial<ExpectedContents>) => Promise<void>;
  readonly trace: () => readonly string[];
}

/** A list of two images with a layer in common, at a registry under the tag 1. */
const layer = await makeLayer({ a: '1' });
const { index, images } = makeIndex({
  images: [{ layers: [layer] }, { layers: [layer, await makeLayer({ b: '2' })] }],
});
const [first, second] = images.map(({ manifest }) => manifest.descriptor.digest);

async function setUp(fault?: readonly [path: RegExp, action: FaultAction]): Promise<Stage> {
  const faults = fault ? [{ on: { path: fault[0], times: Infinity }, do: fault[1] }] : [];
  const { client, registry } = await openRegistry({ faults });
  const repository = registry.repository('team/app');
  const add = ({ bytes, descriptor }: MadeBlob, tag?: string): void => {
    repository.addManifest(bytes, descriptor.mediaType, tag);
  };
  for (const image of images) {
    for (const { bytes } of blobsOf(image)) repository.addBlob(bytes);
    add(image.manifest);
  }
  add(index, '1');
  const { bytes, descriptor } = index;
  const manifest = { bytes, ...descriptor };
  return {
    repository,
    verify: (expected) =>
      verifyImage(client, manifest, { names: ['1'], absent: new Set(), ...expected }),
    trace: () => traceOf(registry),
  };
}

describe('an image at a registry', () => {
  test('is whole when each of its parts is there, and each is asked for once', async () => {
    const { verify, trace } = await setUp();
    await verify();
    expect(trace().toSorted()).toEqual([
      ...Array(3).fill('GET manifests/sha256:… 200'),
      ...Array(4).fill('HEAD blobs/sha256:… 200'), // two configs, two layers
      'HEAD manifests/1 200',
    ]);
  });

  test('need not have what was not pushed', async () => {
    const { repository, verify } = await setUp();
    for (const { digest } of repository.blobs.values()) repository.removeBlob(digest);
    await verify({ absent: new Set([first, second] as Digest[]) });
    await expect(verify()).rejects.toMatchObject({ code: 'VERIFICATION_FAILED' });
  });

  test('is not whole without one of its names', async () => {
    const { verify } = await setUp();
    const error = await thrownBy(verify({ names: ['1', 'other'] }));
    expect(error.message).toContain(
      `other stands for nothing instead of ${index.descriptor.digest}`,
    );
  });

  test('is not whole without a blob, and the error says how many are gone', async () => {
    const { repository, verify } = await setUp();
    const lost = images[1]?.config.descriptor.digest ?? '';
    repository.removeBlob(lost);
    expect(await thrownBy(verify())).toMatchObject({ context: { faults: 1 }, retryable: false });
    for (const digest of repository.blobs.keys()) repository.removeBlob(digest);
    const error = await thrownBy(verify());
    expect(error.message).toMatch(
      /^verifying 127\.0\.0\.1:\d+\/team\/app: blob sha256:\w+ is not there \(and 3 more\)$/,
    );
  });

  test.each<readonly [what: string, path: RegExp, action: FaultAction, fault: string]>([
    [
      'blobs without a size',
      /blobs/,
      { dropHeader: 'content-length' },
      'an unknown number of bytes',
    ],
    [
      'a lost instance',
      new RegExp(String(second)),
      { status: 404 },
      `manifest ${second} is not there`,
    ],
    [
      'another instance',
      new RegExp(String(second)),
      { status: 200, body: '{}' },
      'than its list says',
    ],
    [
      'another list',
      new RegExp(index.descriptor.digest),
      { status: 200, body: '{}' },
      'other bytes than were pushed',
    ],
  ])('is not whole with %s', async (_, path, action, fault) => {
    const { verify } = await setUp([path, action]);
    expect((await thrownBy(verify())).message).toContain(fault);
  });

  test('cannot be judged where the registry does not say', async () => {
    const { verify } = await setUp([/blobs/, { status: 403 }]);
    expect(await thrownBy(verify())).toMatchObject({ code: 'REGISTRY_DENIED' });
  });
});

test('an image of the oldest format has sizes of nothing', async () => {
  const { client, registry } = await openRegistry();
  const repository = registry.repository('team/app');
  const { bytes } = makeImage({ layers: [] }).config;
  const blobSum = repository.addBlob(bytes);
  const v1Compatibility = JSON.stringify({ id: 'a'.repeat(64), created: '2020-01-01T00:00:00Z' });
  const text = JSON.stringify({
    schemaVersion: 1,
    name: 'team/app',
    tag: '1',
    architecture: 'amd64',
    fsLayers: [{ blobSum }],
    history: [{ v1Compatibility }],
  });
  const mediaType = 'application/vnd.docker.distribution.manifest.v1+json';
  const digest = repository.addManifest(Buffer.from(text), mediaType, '1');
  const manifest = { bytes: Buffer.from(text), mediaType, digest };
  const expected = { names: ['1'], absent: new Set<Digest>() };
  await verifyImage(client, manifest, expected);
  repository.removeBlob(blobSum);
  await expect(verifyImage(client, manifest, expected)).rejects.toMatchObject({
    code: 'VERIFICATION_FAILED',
  });
});
