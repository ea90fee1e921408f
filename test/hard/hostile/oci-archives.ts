/** Archives of OCI layouts whose members are not what the layout takes them for. */
import { writeFile } from 'node:fs/promises';
import { digestHex } from '../../../src/image/digest.ts';
import { essenceOf } from '../../support/image-essence.ts';
import { makeImage, makeLayer } from '../../support/make-image.ts';
import { tarOf, type TarEntry } from '../../support/tar.ts';
import type { HostileCase } from './cases.ts';
import { DEEP, EVIL, LONG } from './words.ts';

type Expects = HostileCase['expects'];

const image = makeImage({ layers: [await makeLayer({ a: '1' }), await makeLayer({ b: '2' })] });
const [layer] = image.layers;
const blobName = (digest: string): string => `blobs/sha256/${digest.slice('sha256:'.length)}`;
const LAYER = blobName(layer?.descriptor.digest ?? '');
const CONFIG = blobName(image.config.descriptor.digest);
const MANIFEST = blobName(image.manifest.descriptor.digest);

const entry = image.manifest.descriptor;
const indexOf = (...manifests: readonly unknown[]): string =>
  JSON.stringify({ schemaVersion: 2, manifests });
const named = (name: string): object => ({
  ...entry,
  annotations: { 'org.opencontainers.image.ref.name': name },
});

const MEMBERS: readonly TarEntry[] = [
  ...[image.config, image.manifest, ...image.layers].map(({ descriptor, bytes }) => ({
    name: `blobs/sha256/${digestHex(descriptor.digest)}`,
    content: bytes,
  })),
  { name: 'index.json', content: indexOf(entry) },
  { name: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
];

/** All members, that of the name in another form. */
function instead(name: string, change: Omit<TarEntry, 'name'>): readonly TarEntry[] {
  return MEMBERS.map((member) => (member.name === name ? { name, ...change } : member));
}

const saying = (content: string): readonly TarEntry[] => instead('index.json', { content });

const ROWS: readonly (readonly [name: string, expects: Expects, members: readonly TarEntry[]])[] = [
  [
    'names with ./ before them',
    'success',
    MEMBERS.map((each) => ({ ...each, name: `./${each.name}` })),
  ],
  [
    'names with ../ before them',
    'success',
    MEMBERS.map((each) => ({ ...each, name: `../../${each.name}` })),
  ],
  ['absolute names', 'success', MEMBERS.map((each) => ({ ...each, name: `/${each.name}` }))],
  ['no oci-layout', 'success', MEMBERS.slice(0, -1)],
  ['an oci-layout of nonsense', 'success', instead('oci-layout', { content: EVIL })],
  ['no index.json', 'SOURCE_NOT_FOUND', MEMBERS.filter(({ name }) => name !== 'index.json')],
  [
    'an index.json that links to passwd',
    'SOURCE_NOT_FOUND',
    instead('index.json', { type: 'symlink', linkname: '/etc/passwd' }),
  ],
  ['an index.json that is a pipe', 'ARCHIVE_INVALID', instead('index.json', { type: 'fifo' })],
  ['two index.json', 'ARCHIVE_INVALID', [...MEMBERS, { name: 'index.json', content: indexOf() }]],
  ['an index.json of nothing', 'MANIFEST_INVALID', saying('')],
  ['an index.json of no JSON', 'MANIFEST_INVALID', saying(EVIL)],
  ['an index.json of lists in lists', 'MANIFEST_INVALID', saying(DEEP)],
  [
    'an index.json of 4 MiB and more',
    'LIMIT_EXCEEDED',
    saying(indexOf(entry).padEnd((4 << 20) + 1)),
  ],
  ['an empty index.json', 'SOURCE_NOT_FOUND', saying(indexOf())],
  ['an index.json of null', 'MANIFEST_INVALID', saying(indexOf(null))],
  [
    '10,000 entries',
    'SOURCE_NOT_FOUND',
    saying(indexOf(...Array.from({ length: 10_000 }, (_, index) => named(`${index}`)))),
  ],
  [
    'entries with names that do harm',
    'SOURCE_NOT_FOUND',
    saying(indexOf(named(EVIL), named(LONG))),
  ],
  [
    'a manifest of an unknown type',
    'MANIFEST_INVALID',
    saying(indexOf({ ...entry, mediaType: EVIL })),
  ],
  ['a manifest of no type', 'success', saying(indexOf({ ...entry, mediaType: '' }))],
  ['a manifest of -1 bytes', 'MANIFEST_INVALID', saying(indexOf({ ...entry, size: -1 }))],
  ['a manifest of 1 TiB', 'LIMIT_EXCEEDED', saying(indexOf({ ...entry, size: 1024 ** 4 }))],
  [
    'a manifest that is too short',
    'DIGEST_MISMATCH',
    saying(indexOf({ ...entry, size: entry.size + 1 })),
  ],
  [
    'a manifest that is too long',
    'DIGEST_MISMATCH',
    saying(indexOf({ ...entry, size: entry.size - 1 })),
  ],
  [
    'a manifest that is not there',
    'BLOB_UNKNOWN',
    saying(indexOf({ ...entry, digest: `sha256:${'0'.repeat(64)}` })),
  ],
  [
    'a manifest out of the archive',
    'MANIFEST_INVALID',
    saying(indexOf({ ...entry, digest: 'sha256:../../../../etc/passwd' })),
  ],
  [
    'itself for a manifest',
    'DIGEST_MISMATCH',
    instead(MANIFEST, { type: 'symlink', linkname: '../../index.json' }),
  ],
  [
    'a layer that links to passwd',
    'BLOB_UNKNOWN',
    instead(LAYER, { type: 'symlink', linkname: '/etc/passwd' }),
  ],
  [
    'a layer that links out',
    'BLOB_UNKNOWN',
    instead(LAYER, { type: 'symlink', linkname: '../../../canary' }),
  ],
  [
    'a layer that is hard linked out',
    'BLOB_UNKNOWN',
    instead(LAYER, { type: 'link', linkname: '../canary' }),
  ],
  [
    'a layer that is the config',
    'DIGEST_MISMATCH',
    instead(LAYER, { type: 'link', linkname: CONFIG }),
  ],
  ['a layer that is a device', 'ARCHIVE_INVALID', instead(LAYER, { type: 'block-device' })],
  ['a layer that is a directory', 'ARCHIVE_INVALID', instead(LAYER, { type: 'directory' })],
  [
    'a layer that is cut',
    'DIGEST_MISMATCH',
    instead(LAYER, { content: Buffer.from(layer?.bytes ?? '').subarray(0, 512) }),
  ],
  [
    'a config that links to itself',
    'BLOB_UNKNOWN',
    instead(CONFIG, { type: 'symlink', linkname: digestHex(image.config.descriptor.digest) }),
  ],
  [
    'a layer elsewhere, and a link to it',
    'success',
    [
      ...instead(LAYER, { type: 'symlink', linkname: '/x' }),
      { name: 'x', content: layer?.bytes ?? '' },
    ],
  ],
  [
    'a layer twice, the wrong one first',
    'DIGEST_MISMATCH',
    [{ name: LAYER, content: 'x' }, ...MEMBERS],
  ],
  ['a layer twice, the wrong one last', 'success', [...MEMBERS, { name: LAYER, content: 'x' }]],
];

export const OCI_ARCHIVES: readonly HostileCase[] = ROWS.map(([name, expects, members]) => ({
  name,
  expects,
  prepare: async (path) => {
    await writeFile(path('image'), await tarOf(members));
    return { image: essenceOf(image) };
  },
}));
