/** Manifests, configs and lists that lie about what they name, in an OCI layout. */
import { DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from '../../../src/image/media-types.ts';
import { essenceOf } from '../../support/image-essence.ts';
import {
  blobOf,
  blobsOf,
  makeImage,
  makeLayer,
  writeOciBlobs,
  type MadeBlob,
} from '../../support/make-image.ts';
import type { HostileCase } from './cases.ts';
import { DEEP, EVIL, LONG } from './words.ts';

type Expects = HostileCase['expects'];

const layers = [await makeLayer({ a: '1' }), await makeLayer({ b: '2'.repeat(1000) })];
const image = makeImage({ layers });
const { descriptor: config } = image.config;
const [first, second] = image.layers.map(({ descriptor }) => descriptor) as [
  typeof config,
  typeof config,
];

const MANIFEST = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [first, second] };

/** An image of which only the manifest is another one, or that and some further blobs. */
function manifestCase(
  name: string,
  expects: Expects,
  text: string,
  more: readonly MadeBlob[] = [],
): HostileCase {
  return {
    name,
    expects,
    prepare: async (path) => {
      const top = blobOf(Buffer.from(text), OCI_MANIFEST);
      await writeOciBlobs(path('image'), top, [...blobsOf(image), ...more]);
      return { image: essenceOf(image) };
    },
  };
}

const saying = (expects: Expects, change: object): HostileCase =>
  manifestCase(
    `a manifest with ${JSON.stringify(change).slice(0, 100)}`,
    expects,
    JSON.stringify({ ...MANIFEST, ...change }),
  );

const layered = (expects: Expects, change: object): HostileCase =>
  saying(expects, { layers: [{ ...first, ...change }, second] });

const lies: readonly HostileCase[] = [
  layered('DIGEST_MISMATCH', { size: first.size - 1 }),
  layered('DIGEST_MISMATCH', { size: first.size + 1 }),
  layered('DIGEST_MISMATCH', { size: 0 }),
  layered('DIGEST_MISMATCH', { size: Number.MAX_SAFE_INTEGER }),
  layered('MANIFEST_INVALID', { size: -1 }),
  layered('MANIFEST_INVALID', { size: 1.5 }),
  layered('MANIFEST_INVALID', { size: 1e300 }),
  layered('MANIFEST_INVALID', { size: '1' }),
  layered('MANIFEST_INVALID', { size: null }),
  layered('DIGEST_MISMATCH', { digest: second.digest, size: first.size }),
  layered('BLOB_UNKNOWN', { digest: `sha256:${'0'.repeat(64)}` }),
  layered('BLOB_UNKNOWN', { digest: `sha512:${'0'.repeat(128)}` }),
  layered('MANIFEST_INVALID', { digest: `md5:${'0'.repeat(32)}` }),
  layered('MANIFEST_INVALID', { digest: `SHA256:${'0'.repeat(64)}` }),
  layered('MANIFEST_INVALID', { digest: `sha256:${'A'.repeat(64)}` }),
  layered('MANIFEST_INVALID', { digest: `sha256:${'../'.repeat(21)}x` }),
  layered('MANIFEST_INVALID', { digest: 'sha256:../../../../etc/passwd' }),
  layered('MANIFEST_INVALID', { digest: `../../etc:${'0'.repeat(64)}` }),
  layered('MANIFEST_INVALID', { digest: `constructor:${'0'.repeat(64)}` }),
  layered('MANIFEST_INVALID', { digest: EVIL }),
  layered('MANIFEST_INVALID', { digest: LONG }),
  layered('MANIFEST_INVALID', { digest: null }),
  layered('MANIFEST_INVALID', { mediaType: null }),
  layered('success', { mediaType: EVIL }),
  layered('success', { mediaType: LONG }),
  layered('MANIFEST_INVALID', { urls: 'file:///etc/passwd' }),
  layered('MANIFEST_INVALID', { annotations: { a: 1 } }),
  saying('DIGEST_MISMATCH', { config: { ...config, size: config.size - 1 } }),
  saying('DIGEST_MISMATCH', { config: { ...config, size: config.size + 1 } }),
  saying('BLOB_UNKNOWN', { config: { ...config, digest: `sha256:${'0'.repeat(64)}` } }),
  saying('MANIFEST_INVALID', { config: null }),
  saying('MANIFEST_INVALID', { config: [] }),
  saying('MANIFEST_INVALID', { layers: {} }),
  saying('MANIFEST_INVALID', { layers: [null] }),
  saying('MANIFEST_INVALID', { layers: [[]] }),
  saying('MANIFEST_INVALID', { schemaVersion: 3 }),
  saying('MANIFEST_INVALID', { schemaVersion: EVIL }),
  saying('MANIFEST_INVALID', { schemaVersion: LONG }),
  saying('MANIFEST_INVALID', { mediaType: EVIL }),
  saying('MANIFEST_INVALID', { mediaType: LONG }),
  saying('MANIFEST_INVALID', { mediaType: OCI_INDEX }),
  saying('MANIFEST_INVALID', { mediaType: DOCKER_MANIFEST }),
  saying('MANIFEST_INVALID', { manifests: [] }),
  saying('MANIFEST_INVALID', { fsLayers: [] }),
  saying('MANIFEST_INVALID', { LAYERS: [] }),
  saying('MANIFEST_INVALID', { layerſ: [] }),
  saying('MANIFEST_INVALID', { subject: EVIL }),
  saying('MANIFEST_INVALID', { artifactType: [EVIL] }),
  saying('MANIFEST_INVALID', { annotations: [] }),
  saying('success', { annotations: { [EVIL]: EVIL, a: LONG, constructor: 'x' } }),
  saying('success', { unknown: { [EVIL]: [EVIL] } }),
];

/** The text of the manifest with something in it that JSON.stringify would not write. */
const text = JSON.stringify(MANIFEST);
const annotated = (annotations: string): string =>
  text.replace(/\}$/, `,"annotations":{${annotations}}}`);

const texts: readonly HostileCase[] = (
  [
    ['nothing', 'MANIFEST_INVALID', ''],
    ['no JSON', 'MANIFEST_INVALID', EVIL],
    [
      'no UTF-8',
      'MANIFEST_INVALID',
      `${text.slice(0, -1)},"x":"\uD800"}`.replace('\uD800', '\u0000'),
    ],
    ['two documents', 'MANIFEST_INVALID', text + text],
    ['a name twice', 'MANIFEST_INVALID', text.replace('{', '{"layers":[],')],
    [
      'a name twice, spelled otherwise',
      'MANIFEST_INVALID',
      text.replace('{', String.raw`{"l\u0061yers":[],`),
    ],
    ['a name twice far below', 'MANIFEST_INVALID', annotated('"a":"1","a":"2"')],
    ['lists without end', 'MANIFEST_INVALID', '['.repeat(1_000_000)],
    ['lists in lists', 'MANIFEST_INVALID', DEEP],
    ['lists in lists where nobody looks', 'MANIFEST_INVALID', text.replace('{', `{"x":${DEEP},`)],
    [
      'objects in objects where nobody looks',
      'MANIFEST_INVALID',
      text.replace('{', `{"x":${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)},`),
    ],
    [
      'a number of a million digits',
      'success',
      text.replace('{', `{"x":${'9'.repeat(1_000_000)},`),
    ],
    [
      '50,000 annotations',
      'success',
      annotated(Array.from({ length: 50_000 }, (_, index) => `"k${index}":"v"`).join(',')),
    ],
    ['an annotation of 3 MiB', 'success', annotated(`"a":"${'x'.repeat(3 << 20)}"`)],
    ['4 MiB of blanks', 'success', text.padEnd(4 << 20)],
    ['4 MiB of blanks and one', 'LIMIT_EXCEEDED', text.padEnd((4 << 20) + 1)],
    ['a prototype', 'success', text.replace('{', '{"__proto__":{"layers":[]},')],
  ] as const
).map(([name, expects, manifest]) => manifestCase(`a manifest of ${name}`, expects, manifest));

const configOf = (change: object): MadeBlob =>
  blobOf(
    Buffer.from(
      JSON.stringify({ ...JSON.parse(Buffer.from(image.config.bytes).toString()), ...change }),
    ),
    config.mediaType,
  );

/** Configs, to where somebody reads them: a docker archive. */
const configs: readonly HostileCase[] = (
  [
    ['diff IDs that are none', { rootfs: { type: 'layers', diff_ids: [EVIL, LONG] } }],
    ['no root', { rootfs: EVIL }],
  ] as const
).map(([name, change]) => {
  const blob = configOf(change);
  const manifest = JSON.stringify({ ...MANIFEST, config: blob.descriptor });
  return {
    name: `a config with ${name}, to a docker archive`,
    expects: 'MANIFEST_INVALID',
    prepare: async (path) => {
      await writeOciBlobs(path('image'), blobOf(Buffer.from(manifest), OCI_MANIFEST), [
        ...blobsOf(image),
        blob,
      ]);
      return { destination: `docker-archive:${path('out')}` };
    },
  } satisfies HostileCase;
});

export const MANIFESTS: readonly HostileCase[] = [...lies, ...texts, ...configs];
