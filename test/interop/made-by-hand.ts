/** Images and lists that no program makes, or none of those at hand. */
import type { Digest } from '../../src/image/digest.ts';
import {
  DOCKER_CONFIG,
  DOCKER_LAYER_TAR,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../src/image/media-types.ts';
import { blobOf, jsonBlob, type MadeBlob } from '../support/make-image.ts';

const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar';
const IN_TOTO = 'application/vnd.in-toto+json';

const AMD64 = { architecture: 'amd64', os: 'linux' };
const ARM64 = { architecture: 'arm64', os: 'linux', variant: 'v8' };
const UNKNOWN = { architecture: 'unknown', os: 'unknown' };

/** A layer in all forms, as the programs compressed it. */
export type Forms = Readonly<Record<'none' | 'gzip' | 'zstd', MadeBlob>>;

/** What images by hand are made of. */
export interface Parts {
  readonly one: Forms;
  readonly two: Forms;
  /** Of the plain bytes. */
  readonly diffIDs: Readonly<Record<'one' | 'two', Digest>>;
  /** Where the bytes of a foreign layer are. */
  readonly urlOf: (digest: Digest) => string;
}

/** The manifest or list first, then all it refers to. */
export type Blobs = readonly [top: MadeBlob, ...rest: readonly MadeBlob[]];

export const MADE_BY_HAND: Readonly<Record<string, (parts: Parts) => Blobs>> = {
  'equal layers': ({ one, two, diffIDs }) =>
    image(
      [diffIDs.one, diffIDs.two, diffIDs.one, diffIDs.one],
      [
        annotated(one.gzip, { of: 'one' }),
        two.gzip,
        annotated(one.gzip, { of: 'three' }),
        one.gzip,
      ],
    ),
  'equal layers, plain': ({ one, two, diffIDs }) =>
    image([diffIDs.one, diffIDs.two, diffIDs.one], [one.none, two.none, one.none]),
  'annotated layers': ({ one, two, diffIDs }) =>
    image([diffIDs.one, diffIDs.two], [annotated(one.none, A), annotated(two.gzip, A)]),
  'mixed compression': ({ one, two, diffIDs }) =>
    image([diffIDs.one, diffIDs.two, diffIDs.two], [one.none, two.gzip, two.zstd]),
  'mixed compression, in one layer': ({ one, diffIDs }) =>
    image([diffIDs.one, diffIDs.one, diffIDs.one], [one.none, one.gzip, one.zstd]),
  'wrong types': ({ one, two, diffIDs }) =>
    image([diffIDs.one, diffIDs.two], [typed(one.none, '+gzip'), typed(two.gzip, '')]),
  'wrong type of zstd': ({ one, two, diffIDs }) =>
    image([diffIDs.one, diffIDs.two], [typed(one.zstd, '+gzip'), two.gzip]),
  'zstd in Docker format': ({ one, two, diffIDs }) =>
    dockerImage([diffIDs.one, diffIDs.two], [one.zstd, two.gzip]),
  'plain in Docker format': ({ one, two, diffIDs }) =>
    dockerImage([diffIDs.one, diffIDs.two], [one.none, two.gzip], DOCKER_LAYER_TAR),
  'foreign layer': ({ one, two, diffIDs, urlOf }) =>
    image([diffIDs.one, diffIDs.two], [foreign(one.gzip, urlOf), two.gzip]),
  'foreign layer, plain beside it': ({ one, two, diffIDs, urlOf }) =>
    image([diffIDs.one, diffIDs.two], [foreign(one.gzip, urlOf), two.none]),
  'foreign layer of Docker': ({ one, two, diffIDs, urlOf }) => {
    const mediaType = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';
    const layer = withMembers(foreign(one.gzip, urlOf), { mediaType });
    return dockerImage([diffIDs.one, diffIDs.two], [layer, two.gzip], undefined);
  },
  'no layers': () => image([], []),
  'no layers in Docker format': () => dockerImage([], []),
  attestation: () => attestation('plain'),
  'more than is known': ({ one, diffIDs }) => {
    const [{ bytes }, ...blobs] = image([diffIDs.one], [one.gzip]);
    const manifest = {
      ...JSON.parse(bytes.toString()),
      subject: attestation('subject')[0].descriptor,
      artifactType: 'application/x-example',
      'org.example': { b: 1, a: 2 },
    };
    return [blobOf(Buffer.from(JSON.stringify(manifest, undefined, 3)), OCI_MANIFEST), ...blobs];
  },
  'data in descriptors': ({ one, diffIDs }) => {
    const [{ bytes }, config, layer] = image([diffIDs.one], [one.none]);
    const manifest = JSON.parse(bytes.toString());
    manifest.config.data = base64(config);
    manifest.layers[0].data = base64(layer);
    return [jsonBlob(OCI_MANIFEST, manifest), ...[config, layer].flatMap((blob) => blob ?? [])];
  },
  'without types': ({ one, diffIDs }) => {
    const [{ bytes }, ...blobs] = image([diffIDs.one], [one.none]);
    const { mediaType: _mediaType, ...manifest } = JSON.parse(bytes.toString());
    return [jsonBlob(OCI_MANIFEST, manifest), ...blobs];
  },
  'list with attestations': (parts) =>
    listOf([
      [images(parts).gzip, { platform: AMD64, annotations: A }],
      [images(parts).mixed, { platform: ARM64 }],
      [attestation('amd64'), attests(images(parts).gzip)],
      [attestation('arm64'), attests(images(parts).mixed)],
    ]),
  'list with attestations, plain': (parts) =>
    listOf([
      [images(parts).plain, { platform: AMD64, annotations: A }],
      [attestation('amd64'), attests(images(parts).plain)],
    ]),
  'list of mixed formats': (parts) =>
    listOf([
      [images(parts).gzip, { platform: AMD64 }],
      [images(parts).docker, { platform: ARM64 }],
    ]),
  'Docker list of mixed formats': (parts) =>
    listOf(
      [
        [images(parts).docker, { platform: { ...AMD64, features: ['sse4'] } }],
        [images(parts).gzip, { platform: ARM64 }],
        [images(parts).plain, { platform: { ...AMD64, 'os.version': '1' } }],
      ],
      DOCKER_LIST,
    ),
  'list with zstd, marked': (parts) =>
    listOf([
      [images(parts).zstd, { platform: AMD64, annotations: ZSTD }],
      [images(parts).gzip, { platform: AMD64 }],
    ]),
  'list with zstd, not marked': (parts) =>
    listOf([
      [images(parts).zstd, { platform: AMD64 }],
      [images(parts).gzip, { platform: ARM64 }],
    ]),
  'list of equals': (parts) =>
    listOf([
      [images(parts).plain, { platform: AMD64, annotations: A }],
      [images(parts).plain, { platform: AMD64, annotations: { of: 'it' } }],
    ]),
  'list without platforms': (parts) =>
    listOf([
      [images(parts).gzip, { annotations: A, artifactType: 'application/x-example' }],
      [images(parts).plain, {}],
    ]),
  'list with more than is known': (parts) => {
    const [{ bytes }, ...blobs] = listOf([
      [images(parts).plain, { platform: AMD64, data: 'e30=', urls: ['http://127.0.0.1:1/'] }],
    ]);
    const list = {
      ...JSON.parse(bytes.toString()),
      artifactType: 'application/x-example',
      subject: attestation('subject')[0].descriptor,
      annotations: A,
      'org.example': { b: 1, a: 2 },
    };
    return [blobOf(Buffer.from(JSON.stringify(list, undefined, 3)), OCI_INDEX), ...blobs];
  },
  'list of nothing': () => listOf([]),
};

/** What is not copied by skopeo, and what it copies of that. */
export const NOT_COPIED: Readonly<
  Record<'outer' | 'inner' | 'two tables of contents', (parts: Parts) => Blobs>
> = {
  'two tables of contents': ({ one, diffIDs }) =>
    image(
      [diffIDs.one],
      [
        annotated(one.zstd, {
          'containerd.io/snapshot/stargz/toc.digest': diffIDs.two,
          'io.github.containers.zstd-chunked.manifest-checksum': diffIDs.two,
        }),
      ],
    ),
  outer: (parts) =>
    listOf([
      [images(parts).gzip, { platform: AMD64 }],
      [NOT_COPIED.inner(parts), { annotations: A }],
    ]),
  inner: (parts) =>
    listOf([
      [images(parts).plain, { platform: ARM64 }],
      [images(parts).docker, { platform: AMD64 }],
    ]),
};

const A = { 'org.example': '<1> & é', '2': 'two' };
const ZSTD = { 'io.github.containers.compression.zstd': 'true' };

function images({ one, two, diffIDs }: Parts) {
  return {
    plain: image([diffIDs.one], [one.none]),
    gzip: image([diffIDs.one], [one.gzip]),
    zstd: image([diffIDs.one], [one.zstd]),
    mixed: image([diffIDs.one, diffIDs.two], [one.gzip, two.none]),
    docker: dockerImage([diffIDs.two], [two.gzip]),
  };
}

function image(diffIDs: readonly Digest[], layers: readonly MadeBlob[]): Blobs {
  const config = jsonBlob(OCI_CONFIG, configOf(diffIDs));
  return imageOf(OCI_MANIFEST, config, layers);
}

function dockerImage(
  diffIDs: readonly Digest[],
  layers: readonly MadeBlob[],
  mediaType: string | undefined = `${DOCKER_LAYER_TAR}.gzip`,
): Blobs {
  const config = jsonBlob(DOCKER_CONFIG, { ...configOf(diffIDs), docker_version: '20.10' });
  const renamed = layers.map((layer) =>
    layer.descriptor.urls === undefined ? withMembers(layer, { mediaType }) : layer,
  );
  return imageOf(DOCKER_MANIFEST, config, renamed);
}

function imageOf(mediaType: string, config: MadeBlob, layers: readonly MadeBlob[]): Blobs {
  const { digest, size, mediaType: type } = config.descriptor;
  const manifest = {
    schemaVersion: 2,
    mediaType,
    // As programs write it.
    config: mediaType === DOCKER_MANIFEST ? { mediaType: type, size, digest } : config.descriptor,
    layers: layers.map(({ descriptor }) => descriptor),
  };
  return [jsonBlob(mediaType, manifest), config, ...layers];
}

function configOf(diffIDs: readonly Digest[]): object {
  const created = '2024-01-01T00:00:00Z';
  return {
    created,
    ...AMD64,
    config: { Labels: { '<b>': '&' } },
    rootfs: { type: 'layers', diff_ids: diffIDs },
    history: [
      { created, created_by: 'ENV <1>', empty_layer: true },
      ...diffIDs.map((_, step) => ({ created, created_by: `COPY ${step} /` })),
    ],
  };
}

/** As BuildKit makes it. */
function attestation(of: string): Blobs {
  const config = jsonBlob(OCI_CONFIG, {
    ...UNKNOWN,
    config: {},
    rootfs: { type: 'layers', diff_ids: [] },
  });
  const statement = jsonBlob(IN_TOTO, { _type: 'https://in-toto.io/Statement/v0.1', of });
  const annotations = { 'in-toto.io/predicate-type': 'https://slsa.dev/provenance/v0.2' };
  return imageOf(OCI_MANIFEST, config, [annotated(statement, annotations)]);
}

function attests([subject]: Blobs): Members {
  const annotations = {
    'vnd.docker.reference.digest': subject.descriptor.digest,
    'vnd.docker.reference.type': 'attestation-manifest',
  };
  return { platform: UNKNOWN, annotations };
}

/** Of a descriptor. */
type Members = Readonly<Record<string, unknown>>;

function listOf(
  instances: readonly (readonly [image: Blobs, members: Members])[],
  mediaType: string = OCI_INDEX,
): Blobs {
  const manifests = instances.map(([[{ descriptor }], members]) => ({ ...descriptor, ...members }));
  const list = jsonBlob(mediaType, { schemaVersion: 2, mediaType, manifests });
  return [list, ...instances.flatMap(([blobs]) => blobs)];
}

function withMembers({ bytes, descriptor }: MadeBlob, members: Members): MadeBlob {
  return { bytes, descriptor: { ...descriptor, ...members } };
}

function annotated(blob: MadeBlob, annotations: Readonly<Record<string, string>>): MadeBlob {
  return withMembers(blob, { annotations });
}

function typed(layer: MadeBlob, suffix: string): MadeBlob {
  return withMembers(layer, { mediaType: `${OCI_LAYER}${suffix}` });
}

function foreign(layer: MadeBlob, urlOf: Parts['urlOf']): MadeBlob {
  return withMembers(layer, {
    mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
    urls: [urlOf(layer.descriptor.digest)],
  });
}

function base64(blob: MadeBlob | undefined): string {
  return Buffer.from(blob?.bytes ?? []).toString('base64');
}
