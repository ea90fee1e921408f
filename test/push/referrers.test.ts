/** What refers to an image goes along when that is wished. */
import { describe, expect, test } from 'vitest';
import type { Descriptor } from '../../src/image/descriptor.ts';
import { digestOf, type Digest } from '../../src/image/digest.ts';
import { EMPTY_CONFIG, EMPTY_CONFIG_BYTES } from '../../src/image/empty-config.ts';
import { encodeImageManifest } from '../../src/image/manifest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../src/image/media-types.ts';
import type { RawManifest, Referrer } from '../../src/transports/transport.ts';
import { blobsOf, type MadeBlob, type MadeImage } from '../support/make-image.ts';
import { thrownBy } from '../support/thrown.ts';
import { memoryDestination, memorySource, type Journal } from './memory-image.ts';
import { pushOne } from './run-push.ts';
import { blobsIn, imageOf, listOf } from './wished-images.ts';

const SIGNATURE = 'application/vnd.cncf.notary.signature';
const SBOM = 'application/spdx+json';

/** A manifest of one blob that refers to another manifest. */
function artifact(subject: Descriptor | undefined, artifactType: string): readonly MadeBlob[] {
  const content = Buffer.from(`${artifactType} of ${subject?.digest}`);
  const layer = { mediaType: 'text/plain', digest: digestOf(content), size: content.length };
  const bytes = encodeImageManifest({
    mediaType: OCI_MANIFEST,
    namesMediaType: true,
    artifactType,
    config: EMPTY_CONFIG,
    layers: [layer],
    ...(subject && { subject }),
  });
  const descriptor = { mediaType: OCI_MANIFEST, digest: digestOf(bytes), size: bytes.length };
  return [
    { bytes, descriptor },
    { bytes: content, descriptor: layer },
    { bytes: EMPTY_CONFIG_BYTES, descriptor: EMPTY_CONFIG },
  ];
}

function digestIn(made: readonly MadeBlob[]): Digest {
  return descriptorIn(made).digest;
}

function descriptorIn([manifest]: readonly MadeBlob[]): Descriptor {
  if (manifest === undefined) throw new Error('an artifact without a manifest');
  return manifest.descriptor;
}

/** A source of an image and these, listed for what they refer to. */
function sourceWith(
  blobs: readonly MadeBlob[],
  listed: readonly (readonly [subject: Digest, artifact: readonly MadeBlob[], tag?: string])[],
  parts: Parameters<typeof memorySource>[1] = {},
) {
  const all = [...blobs, ...listed.flatMap(([, made]) => made)];
  return memorySource(all, {
    ...parts,
    referrers: (digest) =>
      listed
        .filter(([subject]) => subject === digest)
        .map(([, made, tag]): Referrer => {
          const descriptor = descriptorIn(made);
          return tag === undefined ? { descriptor } : { descriptor, tag };
        }),
  });
}

function blobsOfImage(image: MadeImage): readonly MadeBlob[] {
  return blobsOf(image).toReversed();
}

describe('what refers to an image', () => {
  async function scene(compression: 'none' | 'gzip' = 'gzip') {
    const image = await imageOf(compression);
    const { descriptor } = image.manifest;
    const signature = artifact(descriptor, SIGNATURE);
    const sbom = artifact(descriptor, SBOM);
    const ofSbom = artifact(descriptorIn(sbom), SIGNATURE);
    const attached = artifact(undefined, 'text/attached');
    const attested = artifact(undefined, 'text/attested');
    const source = sourceWith(blobsOfImage(image), [
      [descriptor.digest, signature],
      [descriptor.digest, sbom],
      [descriptor.digest, attached, 'sha256-x.sig'],
      [descriptor.digest, attested, 'sha256-x.att'],
      [digestIn(sbom), ofSbom],
    ]);
    const made = { signature, sbom, ofSbom, attached, attested };
    return { image, source, made };
  }

  test.each([
    ['none', []],
    ['signatures', ['signature', 'sha256-x.sig']],
    ['all', ['signature', 'sbom', 'sha256-x.sig', 'sha256-x.att', 'ofSbom']],
  ] as const)('goes along with %s', async (referrers, expected) => {
    const { source, made } = await scene();
    const stored = new Map<string, RawManifest>();
    const destination = memoryDestination({ referrers: stored });
    await pushOne(source, destination, { options: { referrers } });
    const names = new Map(Object.entries(made).map(([name, parts]) => [digestIn(parts), name]));
    expect([...stored.keys()].map((key) => names.get(key as Digest) ?? key)).toEqual(expected);
    for (const { digest } of stored.values()) {
      const parts = Object.values(made).find((each) => digestIn(each) === digest) ?? [];
      for (const blob of parts.slice(1)) {
        expect(destination.blobs.get(blob.descriptor.digest)).toEqual(blob.bytes);
      }
    }
  });

  test('goes after the image, and before it becomes visible', async () => {
    const { source } = await scene();
    const journal: Journal = [];
    const destination = memoryDestination({ journal, referrers: new Map() });
    await pushOne(source, destination, { options: { referrers: 'signatures' } });
    expect(journal).toEqual([
      'open',
      'current',
      'begin',
      'manifest',
      'referrer',
      'referrer',
      'commit',
      'close',
    ]);
  });

  test('is told of', async () => {
    const { source, made } = await scene();
    const destination = memoryDestination({ referrers: new Map() });
    const { events } = await pushOne(source, destination, { options: { referrers: 'signatures' } });
    expect(events.filter(({ kind }) => kind === 'referrer')).toEqual([
      { kind: 'referrer', digest: digestIn(made.signature), type: SIGNATURE },
      { kind: 'referrer', digest: digestIn(made.attached), type: 'sha256-x.sig' },
    ]);
  });

  test('goes along with an image that is there already', async () => {
    const { source, image } = await scene();
    const stored = new Map<string, RawManifest>();
    const destination = memoryDestination({ referrers: stored });
    await pushOne(source, destination);
    const { result } = await pushOne(source, destination, { options: { referrers: 'all' } });
    expect(result).toMatchObject({
      status: 'unchanged',
      digest: image.manifest.descriptor.digest,
    });
    expect(stored.size).toBe(5);
  });

  test('keeps the image as it is', async () => {
    const { source, image } = await scene('none');
    const destination = memoryDestination({ referrers: new Map() });
    await pushOne(source, destination, { options: { referrers: 'all' } });
    expect(destination.current).toBe(image.manifest.descriptor.digest);
  });

  test('is at odds with wishes that change the image', async () => {
    const { source } = await scene('none');
    const journal: Journal = [];
    const destination = memoryDestination({ journal, referrers: new Map() });
    const options = { referrers: 'all', format: 'v2s2' } as const;
    expect(await thrownBy(pushOne(source, destination, { options }))).toMatchObject({
      code: 'UNSUPPORTED',
      hint: 'leave out --referrers',
    });
    expect(journal).toEqual(['open', 'close']);
  });

  test('has to be as it is named', async () => {
    const { image, made } = await scene();
    const [, layer] = made.signature;
    if (layer === undefined) throw new Error('no layer');
    const damaged = new Map([
      [layer.descriptor.digest, Buffer.from('x'.repeat(layer.bytes.length))],
    ]);
    const listed = [[image.manifest.descriptor.digest, made.signature]] as const;
    const broken = sourceWith(blobsOfImage(image), listed, { damaged });
    const destination = memoryDestination({ referrers: new Map() });
    const pushing = pushOne(broken, destination, { options: { referrers: 'all' } });
    expect(await thrownBy(pushing)).toMatchObject({ code: 'DIGEST_MISMATCH', origin: 'source' });
    expect(broken.isOpen()).toBe(false);
  });
});

test('what refers to a list or to its images goes along', async () => {
  const list = await listOf();
  const tops = [list.index, ...list.images.map(({ manifest }) => manifest)];
  const listed = tops.map(
    ({ descriptor }) => [descriptor.digest, artifact(descriptor, SIGNATURE)] as const,
  );
  const stored = new Map<string, RawManifest>();
  const destination = memoryDestination({ referrers: stored });
  await pushOne(sourceWith(blobsIn(list), listed), destination, {
    options: { referrers: 'signatures' },
  });
  expect([...stored.keys()]).toEqual(listed.map(([, made]) => digestIn(made)));
});

describe('what is listed and cannot go along is warned of', () => {
  test('a list', async () => {
    const image = await imageOf();
    const bytes = Buffer.from('{"schemaVersion":2,"manifests":[]}');
    const descriptor = { mediaType: OCI_INDEX, digest: digestOf(bytes), size: bytes.length };
    const { digest } = image.manifest.descriptor;
    const source = sourceWith(blobsOfImage(image), [[digest, [{ bytes, descriptor }]]]);
    const stored = new Map<string, RawManifest>();
    const destination = memoryDestination({ referrers: stored });
    const { events } = await pushOne(source, destination, { options: { referrers: 'all' } });
    expect(stored.size).toBe(0);
    expect(events).toContainEqual({
      kind: 'warning',
      message: `${descriptor.digest} stays behind: it refers to ${digest}, but is a list`,
    });
  });

  test('what refers to something else', async () => {
    const [image, other] = [await imageOf(), await imageOf('none')];
    const stranger = artifact(other.manifest.descriptor, SIGNATURE);
    const source = sourceWith(blobsOfImage(image), [[image.manifest.descriptor.digest, stranger]]);
    const stored = new Map<string, RawManifest>();
    const destination = memoryDestination({ referrers: stored });
    const { events } = await pushOne(source, destination, { options: { referrers: 'all' } });
    expect(stored.size).toBe(0);
    expect(events.filter(({ kind }) => kind === 'warning')).toHaveLength(1);
  });
});

describe('referrers are refused in time', () => {
  test('where there is no place for them', async () => {
    const image = await imageOf();
    const source = sourceWith(blobsOfImage(image), []);
    const pushing = pushOne(source, memoryDestination(), { options: { referrers: 'all' } });
    expect(await thrownBy(pushing)).toMatchObject({ code: 'UNSUPPORTED', origin: 'usage' });
  });

  test('from where there are none', async () => {
    const source = memorySource(blobsOfImage(await imageOf()));
    const destination = memoryDestination({ referrers: new Map() });
    const pushing = pushOne(source, destination, { options: { referrers: 'signatures' } });
    expect(await thrownBy(pushing)).toMatchObject({ code: 'UNSUPPORTED', origin: 'usage' });
  });

  test.each([
    ['have no end', 1001, 0],
    ['fill the memory', 17, 4_000_000],
  ])('when they %s', async (_, length, size) => {
    const image = await imageOf();
    const { descriptor } = image.manifest;
    const many = Array.from({ length }, (_each, index) =>
      artifact(descriptor, `text/x-${index}${'x'.repeat(size)}`),
    );
    const source = sourceWith(
      blobsOfImage(image),
      many.map((made) => [descriptor.digest, made] as const),
    );
    const destination = memoryDestination({ referrers: new Map() });
    const pushing = pushOne(source, destination, { options: { referrers: 'all' } });
    expect(await thrownBy(pushing)).toMatchObject({ code: 'LIMIT_EXCEEDED', origin: 'source' });
    expect(destination.manifests.size).toBe(0);
  });
});
