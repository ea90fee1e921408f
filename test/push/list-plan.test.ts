/** What a list is once its instances are written, and in which forms they are missing. */
import { describe, expect, test } from 'vitest';
import { toDockerManifest } from '../../src/image/convert-manifest.ts';
import type { Descriptor, Platform } from '../../src/image/descriptor.ts';
import { digestOf } from '../../src/image/digest.ts';
import { encodeImageManifest, parseImageManifest } from '../../src/image/manifest.ts';
import { encodeList, parseList, type ImageList } from '../../src/image/list.ts';
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../src/image/media-types.ts';
import { finalList, type ListPlan, type WrittenInstance } from '../../src/push/list-plan.ts';
import type { RawManifest } from '../../src/transports/transport.ts';

const PUSHER = { os: 'linux', architecture: 'riscv64', variant: 'v1' };
const AMD64 = { os: 'linux', architecture: 'amd64' };
const ARM64 = { os: 'linux', architecture: 'arm64', variant: 'v8' };
const S390X = { os: 'linux', architecture: 's390x' };
const UNKNOWN = { os: 'unknown', architecture: 'unknown' };
const ZSTD = { 'io.github.containers.compression.zstd': 'true' };
const SUBJECT = 'vnd.docker.reference.digest';

/** An image whose layers are compressed so; the name makes its digest. */
function imageOf(name: string, ...layers: readonly ('gzip' | 'zstd')[]): RawManifest {
  const descriptor = { digest: digestOf(Buffer.from(name)), size: 1 };
  const bytes = encodeImageManifest({
    mediaType: OCI_MANIFEST,
    config: { ...descriptor, mediaType: OCI_CONFIG },
    layers: layers.map((form) => ({
      ...descriptor,
      mediaType: `application/vnd.oci.image.layer.v1.tar+${form}`,
    })),
    namesMediaType: true,
  });
  return { bytes, mediaType: OCI_MANIFEST, digest: digestOf(bytes) };
}

/** How a list names an image. */
function entryOf(
  { bytes, mediaType, digest }: RawManifest,
  platform: Platform | undefined = AMD64,
  more: Partial<Descriptor> = {},
): Descriptor {
  return { mediaType, digest, size: bytes.length, platform, ...more };
}

function attestationOf({ digest }: RawManifest): Descriptor {
  const annotations = { [SUBJECT]: digest, 'vnd.docker.reference.type': 'attestation-manifest' };
  return entryOf(imageOf(`about ${digest}`), UNKNOWN, { annotations });
}

function planOf(source: ImageList, more: Partial<ListPlan> = {}): ListPlan {
  const bytes = encodeList(source);
  const raw = { bytes, mediaType: source.mediaType, digest: digestOf(bytes) };
  const { instances, mediaType } = source;
  return { raw, source, instances, types: [mediaType], annotations: {}, pusher: PUSHER, ...more };
}

/** An instance that is written as `manifest`, or left where it is. */
function written(descriptor: Descriptor, manifest?: RawManifest): WrittenInstance {
  return { descriptor, isAdded: false, manifest };
}

function added(descriptor: Descriptor, manifest: RawManifest): WrittenInstance {
  return { descriptor, isAdded: true, manifest };
}

function instancesFor(
  mediaType: ImageList['mediaType'],
  instances: readonly WrittenInstance[],
  type: string = mediaType,
): readonly Descriptor[] {
  const originals = instances.filter(({ isAdded }) => !isAdded);
  const plan = planOf({ mediaType, instances: originals.map(({ descriptor }) => descriptor) });
  const { bytes, mediaType: as, digest } = finalList(plan, type, instances);
  expect([as, digest]).toEqual([type, digestOf(bytes)]);
  return parseList(bytes, type).instances;
}

const OLD = imageOf('old', 'gzip');
const NEW = imageOf('new', 'gzip');
const NEW_ZSTD = imageOf('new', 'zstd');

describe('a list that does not change', () => {
  const spaced = Buffer.from(
    `{ "schemaVersion": 2, "mediaType": "${OCI_INDEX}", "unknown": 1,
       "manifests": [${JSON.stringify(entryOf(OLD))}] }`,
  );
  const raw = { bytes: spaced, mediaType: OCI_INDEX, digest: digestOf(spaced) };
  const plan = planOf(parseList(spaced, OCI_INDEX), { raw });
  const [instance = entryOf(OLD)] = plan.instances;

  test.each<[what: string, instance: WrittenInstance]>([
    ['with instances as they were', written(instance, OLD)],
    ['alone', written(instance)],
  ])('keeps its bytes, %s', (_, one) => {
    expect(finalList(plan, OCI_INDEX, [one])).toBe(raw);
  });

  test.each<[what: string, list: RawManifest]>([
    ['whose instances do', finalList(plan, OCI_INDEX, [written(instance, NEW)])],
    ['of which one is left out', finalList(plan, OCI_INDEX, [])],
    ['of another type', finalList(plan, DOCKER_LIST, [written(instance, OLD)])],
    [
      'that is annotated',
      finalList({ ...plan, annotations: { a: 'b' } }, OCI_INDEX, [written(instance, OLD)]),
    ],
  ])('is not one %s', (_, list) => {
    expect(Buffer.from(list.bytes).includes('"unknown"')).toBe(false);
    expect(list.digest).not.toBe(raw.digest);
  });
});

describe('an instance that has changed', () => {
  test('keeps all that does not speak of its bytes', () => {
    const more = {
      annotations: { a: 'b' },
      artifactType: 'a/b',
      urls: ['https://elsewhere.test'],
      data: 'e30=',
    };
    expect(instancesFor(OCI_INDEX, [written(entryOf(OLD, ARM64, more), NEW)])).toEqual([
      entryOf(NEW, ARM64, { annotations: more.annotations, artifactType: more.artifactType }),
    ]);
  });

  test('has the type that it was written in', () => {
    const bytes = encodeImageManifest(
      toDockerManifest(parseImageManifest(NEW.bytes, OCI_MANIFEST)),
    );
    const docker = { bytes, mediaType: DOCKER_MANIFEST, digest: digestOf(bytes) };
    expect(instancesFor(OCI_INDEX, [written(entryOf(OLD), docker)])).toEqual([entryOf(docker)]);
  });

  test('changes wherever it stands', () => {
    const twice = [written(entryOf(OLD), NEW), written(entryOf(OLD, ARM64), NEW)];
    expect(instancesFor(OCI_INDEX, twice)).toEqual([entryOf(NEW), entryOf(NEW, ARM64)]);
  });

  test('may have annotations of any name', () => {
    const annotations = JSON.parse('{"__proto__":"a","constructor":"b"}') as Record<string, string>;
    const [instance] = instancesFor(OCI_INDEX, [
      written(entryOf(OLD, AMD64, { annotations }), NEW_ZSTD),
    ]);
    expect(Object.entries(instance?.annotations ?? {})).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
      ...Object.entries(ZSTD),
    ]);
  });
});

describe('the mark of zstd', () => {
  const marked = { annotations: ZSTD };

  test.each<
    [
      what: string,
      list: ImageList['mediaType'],
      as: string,
      before: Partial<Descriptor>,
      manifest: RawManifest | undefined,
      annotations: Descriptor['annotations'],
    ]
  >([
    ['one with zstd layers', OCI_INDEX, OCI_INDEX, {}, NEW_ZSTD, ZSTD],
    ['one with a zstd layer', OCI_INDEX, OCI_INDEX, {}, imageOf('x', 'gzip', 'zstd'), ZSTD],
    ['one with gzip layers', OCI_INDEX, OCI_INDEX, {}, NEW, undefined],
    ['one without layers', OCI_INDEX, OCI_INDEX, {}, imageOf('x'), undefined],
    ['one that was marked and is gzip now, as ever', OCI_INDEX, OCI_INDEX, marked, NEW, ZSTD],
    ['one that is left', OCI_INDEX, OCI_INDEX, {}, undefined, undefined],
    ['one of a Docker list', DOCKER_LIST, DOCKER_LIST, {}, NEW_ZSTD, undefined],
    ['one that comes from a Docker list', DOCKER_LIST, OCI_INDEX, {}, NEW_ZSTD, undefined],
    ['one that goes to a Docker list', OCI_INDEX, DOCKER_LIST, {}, NEW_ZSTD, undefined],
  ])('stands on %s: %s as %s', (_, list, as, before, manifest, annotations) => {
    const [instance] = instancesFor(list, [written(entryOf(OLD, AMD64, before), manifest)], as);
    expect(instance?.annotations).toEqual(annotations);
  });

  test('does not come to what was zstd already and is kept', () => {
    const old = imageOf('old', 'zstd');
    const others = [written(entryOf(old), old), written(entryOf(OLD, ARM64), NEW)];
    expect(instancesFor(OCI_INDEX, others).map(({ annotations }) => annotations)).toEqual([
      undefined,
      undefined,
    ]);
  });

  test('does not come to what is no image that is known', () => {
    const list = { ...NEW_ZSTD, mediaType: OCI_INDEX, bytes: Buffer.from('{}') };
    const [instance] = instancesFor(OCI_INDEX, [written(entryOf(OLD), list)]);
    expect(instance?.annotations).toBeUndefined();
  });
});

describe('the order', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => imageOf(name, 'gzip')) as [
    RawManifest,
    RawManifest,
    RawManifest,
  ];
  const [zstdA, zstdB, zstdC] = ['a', 'b', 'c'].map((name) => imageOf(name, 'zstd')) as [
    RawManifest,
    RawManifest,
    RawManifest,
  ];
  const marked = { annotations: ZSTD };
  const digestsOf = (instances: readonly WrittenInstance[]) =>
    instancesFor(OCI_INDEX, instances).map(({ digest }) => digest);

  test('is that of the source', () => {
    const zstdFirst = [written(entryOf(zstdA, AMD64, marked), zstdA), written(entryOf(b), c)];
    expect(digestsOf(zstdFirst)).toEqual([zstdA.digest, c.digest]);
  });

  test('is that also of what has become zstd, as in the reference', () => {
    const instances = [written(entryOf(a), zstdA), written(entryOf(b), b), written(entryOf(c), c)];
    expect(digestsOf(instances)).toEqual([zstdA.digest, b.digest, c.digest]);
  });

  test('has all zstd ones last where one is added', () => {
    const instances = [
      written(entryOf(zstdA, AMD64, marked), zstdA),
      added(entryOf(zstdA, AMD64), a),
      written(entryOf(b), b),
    ];
    expect(digestsOf(instances)).toEqual([b.digest, a.digest, zstdA.digest]);
  });

  test('of three platforms, an attestation, and all as zstd beside it', () => {
    const attested = attestationOf(a);
    const instances = [
      written(entryOf(a), a),
      added(entryOf(a), zstdA),
      written(entryOf(b, ARM64), b),
      added(entryOf(b, ARM64), zstdB),
      written(entryOf(c, S390X), c),
      added(entryOf(c, S390X), zstdC),
      written(attested),
    ];
    // The reference has the attestation twice.
    expect(instancesFor(OCI_INDEX, instances)).toEqual([
      entryOf(a),
      entryOf(b, ARM64),
      entryOf(c, S390X),
      attested,
      entryOf(zstdA, AMD64, marked),
      entryOf(zstdB, ARM64, marked),
      entryOf(zstdC, S390X, marked),
    ]);
  });

  test('of a Docker list has what is added at its end', () => {
    const instances = [
      written(entryOf(a), a),
      added(entryOf(a), zstdA),
      written(entryOf(b, ARM64), b),
    ];
    expect(instancesFor(DOCKER_LIST, instances)).toEqual([
      entryOf(a),
      entryOf(b, ARM64),
      entryOf(zstdA),
    ]);
  });
});

describe('an instance that is added', () => {
  test('keeps platform, annotations and kind of that which it is another form of', () => {
    const more = { annotations: { k: 'v' }, artifactType: 'a/b' };
    const descriptor = entryOf(OLD, ARM64, more);
    expect(
      instancesFor(OCI_INDEX, [written(descriptor, OLD), added(descriptor, NEW_ZSTD)]),
    ).toEqual([
      descriptor,
      entryOf(NEW_ZSTD, ARM64, { ...more, annotations: { ...more.annotations, ...ZSTD } }),
    ]);
  });

  test.each<[what: string, original: RawManifest, other: RawManifest]>([
    ['could not be recoded', OLD, OLD],
    ['is what the original has become', NEW_ZSTD, NEW_ZSTD],
  ])('is none that %s (the reference has it twice)', (_, original, other) => {
    const descriptor = entryOf(OLD);
    const instances = instancesFor(OCI_INDEX, [
      written(descriptor, original),
      added(descriptor, other),
    ]);
    expect(instances.map(({ digest }) => digest)).toEqual([original.digest]);
  });
});

describe('an attestation', () => {
  test('speaks of what its image has become (the reference leaves it with the old one)', () => {
    const attested = attestationOf(OLD);
    expect(instancesFor(OCI_INDEX, [written(entryOf(OLD), NEW), written(attested)])[1]).toEqual({
      ...attested,
      annotations: { ...attested.annotations, [SUBJECT]: NEW.digest },
    });
  });

  test.each<[what: string, about: RawManifest, instance: WrittenInstance]>([
    ['of an image that stays', OLD, written(entryOf(OLD), OLD)],
    ['of an image that is left', OLD, written(entryOf(OLD))],
    ['of none that is in the list', imageOf('other'), written(entryOf(OLD), NEW)],
  ])('%s stays as it is', (_, about, instance) => {
    const attested = attestationOf(about);
    expect(instancesFor(OCI_INDEX, [instance, written(attested)])[1]).toEqual(attested);
  });

  test('speaks of what has become zstd', () => {
    const attested = attestationOf(OLD);
    const instances = [written(entryOf(OLD), NEW_ZSTD), written(attested)];
    const [first, second] = instancesFor(OCI_INDEX, instances);
    expect(first?.digest).toBe(NEW_ZSTD.digest);
    expect(second?.annotations?.[SUBJECT]).toBe(NEW_ZSTD.digest);
  });
});

describe('another type', () => {
  test('index to Docker list: annotations go, and who has no platform gets the pusher’s', () => {
    const index = planOf({
      mediaType: OCI_INDEX,
      artifactType: 'a/b',
      annotations: { a: 'b' },
      subject: entryOf(NEW),
      instances: [
        entryOf(OLD, ARM64, { annotations: { c: 'd' }, artifactType: 'e/f' }),
        { ...entryOf(OLD), platform: undefined as never },
      ],
    });
    const list = finalList(
      index,
      DOCKER_LIST,
      index.instances.map((instance) => written(instance, OLD)),
    );
    expect(JSON.parse(Buffer.from(list.bytes).toString())).toEqual({
      schemaVersion: 2,
      mediaType: DOCKER_LIST,
      manifests: [
        entryOf(OLD, ARM64),
        entryOf(OLD, { os: PUSHER.os, architecture: PUSHER.architecture }),
      ],
    });
  });

  test('Docker list to index: features go', () => {
    const platform = { ...AMD64, 'os.features': ['x'], features: ['sse4'] };
    const instance = written(entryOf(OLD, platform), OLD);
    expect(instancesFor(DOCKER_LIST, [instance], OCI_INDEX)).toEqual([
      entryOf(OLD, { ...AMD64, 'os.features': ['x'] }),
    ]);
  });
});

describe('annotations that are wished', () => {
  test.each<[own: Record<string, string> | undefined, type: ImageList['mediaType']]>([
    [undefined, OCI_INDEX],
    [{ a: 'b', k: 'old' }, OCI_INDEX],
    [undefined, DOCKER_LIST],
  ])('stand beside and over %j of %s', (own, mediaType) => {
    const source = { mediaType, instances: [entryOf(OLD)], ...(own && { annotations: own }) };
    const plan = planOf(source, { annotations: { k: 'v' } });
    const { bytes } = finalList(plan, OCI_INDEX, [written(entryOf(OLD), OLD)]);
    expect(parseList(bytes, OCI_INDEX).annotations).toEqual({ ...own, k: 'v' });
  });
});
