/** Lists of images that contain themselves, or more than can be. */
import { digestOf, type Digest } from '../../../src/image/digest.ts';
import type { Descriptor } from '../../../src/image/descriptor.ts';
import { DOCKER_LIST, OCI_INDEX, OCI_MANIFEST } from '../../../src/image/media-types.ts';
import {
  blobOf,
  blobsOf,
  jsonBlob,
  makeImage,
  makeLayer,
  writeOciBlobs,
  type MadeBlob,
} from '../../support/make-image.ts';
import type { HostileCase } from './cases.ts';
import { EVIL, LONG } from './words.ts';

type Expects = HostileCase['expects'];

const image = makeImage({ layers: [await makeLayer({ a: '1' })] });
const { descriptor } = image.manifest;

const listOf = (...manifests: readonly unknown[]): MadeBlob =>
  jsonBlob(OCI_INDEX, { schemaVersion: 2, mediaType: OCI_INDEX, manifests });

/** Lists in lists, so many deep, the innermost with the image. */
function nested(depth: number, width = 1): readonly MadeBlob[] {
  const lists: MadeBlob[] = [];
  let inner: Descriptor = descriptor;
  for (let level = 0; level < depth; level += 1) {
    const list = listOf(...Array<Descriptor>(width).fill(inner));
    lists.unshift(list);
    inner = list.descriptor;
  }
  return lists;
}

const many = (count: number, change: (index: number) => object): MadeBlob =>
  listOf(...Array.from({ length: count }, (_, index) => ({ ...descriptor, ...change(index) })));

const of = (digest: string): Digest => digest as Digest;
const ABSENT = of(`sha256:${'0'.repeat(64)}`);

const ROWS: readonly (readonly [
  name: string,
  expects: Expects,
  lists: readonly MadeBlob[],
  flags?: readonly string[],
])[] = [
  ['a list of nothing', 'SOURCE_NOT_FOUND', [listOf()], ['--platform=linux/amd64']],
  ['a list of null', 'MANIFEST_INVALID', [listOf(null)]],
  ['a list of lists', 'MANIFEST_INVALID', [listOf([])]],
  ['100 lists in each other', 'LIMIT_EXCEEDED', nested(100)],
  [
    '20 lists in each other, of which one is chosen',
    'MANIFEST_INVALID',
    nested(20),
    ['--platform=linux/amd64'],
  ],
  ['an instance that is not there', 'BLOB_UNKNOWN', [listOf({ ...descriptor, digest: ABSENT })]],
  ['an instance of another size', 'DIGEST_MISMATCH', [listOf({ ...descriptor, size: 1 })]],
  ['an instance of 1 TiB', 'LIMIT_EXCEEDED', [listOf({ ...descriptor, size: 1024 ** 4 })]],
  [
    'an instance that is a layer',
    'MANIFEST_INVALID',
    [listOf({ ...image.layers[0]?.descriptor, mediaType: OCI_MANIFEST })],
  ],
  [
    'an instance of an unknown type',
    'MANIFEST_INVALID',
    [listOf({ ...descriptor, mediaType: EVIL })],
  ],
  [
    'an image that says it is a list',
    'MANIFEST_INVALID',
    [listOf({ ...descriptor, mediaType: OCI_INDEX })],
  ],
  [
    'an image that says it is a list of Docker',
    'MANIFEST_INVALID',
    [listOf({ ...descriptor, mediaType: DOCKER_LIST })],
  ],
  ['a platform that is none', 'MANIFEST_INVALID', [listOf({ ...descriptor, platform: EVIL })]],
  [
    'a platform of words that do harm',
    'SOURCE_NOT_FOUND',
    [listOf({ ...descriptor, platform: { os: EVIL, architecture: LONG } })],
    ['--platform=linux/amd64'],
  ],
  [
    '10,000 platforms',
    'SOURCE_NOT_FOUND',
    [many(10_000, (index) => ({ platform: { os: `os${index}`, architecture: 'x' } }))],
    ['--platform=linux/amd64'],
  ],
  [
    '10,000 instances that are not there',
    'BLOB_UNKNOWN',
    [many(10_000, () => ({ digest: ABSENT }))],
  ],
];

export const LISTS: readonly HostileCase[] = [
  ...ROWS.map(([name, expects, [top, ...lists], flags = []]): HostileCase => ({
    name,
    expects,
    prepare: async (path) => {
      await writeOciBlobs(path('image'), top ?? listOf(), [...lists, ...blobsOf(image)]);
      return { flags };
    },
  })),
  {
    name: 'an image of 10,000 layers',
    expects: 'success',
    prepare: async (path) => {
      const empty = blobOf(Buffer.alloc(1024), 'application/vnd.oci.image.layer.v1.tar');
      const layers = Array<Descriptor>(10_000).fill(empty.descriptor);
      const diff_ids = layers.map(({ digest }) => digest);
      const config = jsonBlob(image.config.descriptor.mediaType, {
        os: 'linux',
        architecture: 'amd64',
        rootfs: { type: 'layers', diff_ids },
      });
      const manifest = jsonBlob(OCI_MANIFEST, {
        schemaVersion: 2,
        config: config.descriptor,
        layers,
      });
      await writeOciBlobs(path('image'), manifest, [config, empty]);
      return {
        image: { config: digestOf(config.bytes), diffIDs: layers.map(() => digestOf(empty.bytes)) },
        flags: ['--accept-uncompressed'],
      };
    },
  },
  {
    name: 'an image of 5,000 layers that are not there',
    expects: 'BLOB_UNKNOWN',
    prepare: async (path) => {
      const layers = Array.from({ length: 5000 }, (_, index) => ({
        ...image.layers[0]?.descriptor,
        digest: digestOf(Buffer.from(`${index}`)),
      }));
      const manifest = jsonBlob(OCI_MANIFEST, {
        schemaVersion: 2,
        config: image.config.descriptor,
        layers,
      });
      await writeOciBlobs(path('image'), manifest, blobsOf(image));
    },
  },
];
