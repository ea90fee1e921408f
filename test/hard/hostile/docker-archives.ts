/** Archives such as docker save never wrote: what their members are, and what they say of each other. */
import { gzipSync } from 'node:zlib';
import { END, type TarEntry } from '../../support/tar.ts';
import type { HostileCase } from './cases.ts';
import {
  archiveCase,
  archiveWith,
  IMAGE,
  ITEM,
  LAYERS,
  type ArchiveRow,
  type Contents,
} from './docker-image.ts';
import { TWICE } from './docker-names.ts';
import { DEEP, EVIL, EVIL_NAME, LONG } from './words.ts';

type Expects = HostileCase['expects'];

/** A member that nothing names is nothing to us. */
const STRANGERS: readonly TarEntry[] = [
  { name: '/canary', content: 'x' },
  { name: '../canary', content: 'x' },
  { name: '../../../../../../../../tmp/canary', content: 'x' },
  { name: 'a/../../canary', content: 'x' },
  { name: '.', content: 'x' },
  { name: '..', content: 'x' },
  { name: '/', type: 'directory' },
  { name: 'new\nline', content: 'x' },
  { name: EVIL_NAME, content: 'x' },
  { name: 'x', content: 'x', pax: { path: EVIL } },
  { name: 'x', content: 'x', pax: { comment: EVIL } },
  { name: `${'d/'.repeat(2000)}x`, content: 'x' },
  { name: 'y'.repeat(65_536), content: 'x' },
  { name: '__proto__', content: 'x' },
  { name: 'link', type: 'symlink', linkname: '/etc/passwd' },
  { name: 'link', type: 'symlink', linkname: '../canary' },
  { name: 'link', type: 'symlink', linkname: 'link' },
  { name: 'link', type: 'link', linkname: '/etc/passwd' },
  { name: 'link', type: 'link', linkname: 'link' },
  { name: 'null', type: 'character-device' },
  { name: 'disk', type: 'block-device' },
  { name: 'pipe', type: 'fifo' },
  { name: 'it/', type: 'directory' },
  { name: 'sparse', content: 'x', pax: { 'GNU.sparse.major': '1', 'GNU.sparse.name': 'x' } },
  { name: 'x', content: 'x', pax: { mtime: '-1e400', uid: '-1', gid: '99999999999999' } },
];

const strangers: readonly ArchiveRow[] = STRANGERS.map((member) => [
  `a member ${JSON.stringify(member).slice(0, 90)}`,
  'success',
  () => archiveWith({ first: [member], last: [member] }),
]);

/** What stands in the place of the second layer. */
const IMPOSTORS: readonly (readonly [Expects, Contents])[] = [
  ['BLOB_UNKNOWN', { type: 'symlink', linkname: '/etc/passwd' }],
  ['BLOB_UNKNOWN', { type: 'symlink', linkname: '../../../../../../../etc/passwd' }],
  ['BLOB_UNKNOWN', { type: 'symlink', linkname: '/proc/self/environ' }],
  ['BLOB_UNKNOWN', { type: 'symlink', linkname: '1.tar' }],
  ['BLOB_UNKNOWN', { type: 'symlink', linkname: EVIL_NAME }],
  ['BLOB_UNKNOWN', { type: 'symlink', linkname: '' }],
  ['BLOB_UNKNOWN', { type: 'link', linkname: '/etc/passwd' }],
  ['BLOB_UNKNOWN', { type: 'link', linkname: '1.tar' }],
  ['BLOB_UNKNOWN', { type: 'link', linkname: '../canary' }],
  ['ARCHIVE_INVALID', { type: 'character-device' }],
  ['ARCHIVE_INVALID', { type: 'block-device' }],
  ['ARCHIVE_INVALID', { type: 'fifo' }],
  ['ARCHIVE_INVALID', { type: 'directory' }],
  ['ARCHIVE_INVALID', { content: 'x', pax: { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0' } }],
  ['ARCHIVE_INVALID', { content: 'x', pax: { 'GNU.sparse.map': '0,1', 'GNU.sparse.size': '1' } }],
  ['DIGEST_MISMATCH', { content: '' }],
  ['DIGEST_MISMATCH', { content: 'x' }],
  ['DIGEST_MISMATCH', { type: 'symlink', linkname: '0.tar' }],
  ['DIGEST_MISMATCH', { type: 'link', linkname: 'config.json' }],
  ['DIGEST_MISMATCH', { content: Buffer.concat([LAYERS[1] ?? END, END]) }],
  ['DIGEST_MISMATCH', { content: gzipSync('x') }],
  ['ARCHIVE_INVALID', { content: gzipSync(LAYERS[1] ?? END).subarray(0, -3) }],
  ['ARCHIVE_INVALID', { content: Buffer.from('425a683931415926535900', 'hex') }],
  ['ARCHIVE_INVALID', { content: Buffer.from('fd377a585a000000', 'hex') }],
  ['ARCHIVE_INVALID', { content: Buffer.from('28b52ffd00', 'hex') }],
];

const impostors: readonly ArchiveRow[] = IMPOSTORS.map(([expects, member]) => [
  `a layer that is ${shown(member)}`,
  expects,
  () => archiveWith({ instead: { '1.tar': member } }),
]);

function shown({ content, ...member }: Contents): string {
  const bytes = Buffer.from((content ?? '') as Uint8Array);
  return `${JSON.stringify(member)}, ${bytes.length} bytes ${bytes.subarray(0, 8).toString('hex')}`;
}

/** Links in links, the last of which is the layer. */
function chain(length: number): Promise<Buffer> {
  const links = Array.from({ length }, (_, number): TarEntry => ({
    name: `link${number}`,
    type: 'symlink',
    linkname: number + 1 < length ? `link${number + 1}` : '1.tar',
  }));
  return archiveWith({ first: links, items: [{ ...ITEM, Layers: ['0.tar', 'link0'] }] });
}

const links: readonly ArchiveRow[] = [
  ['8 links in a row', 'success', () => chain(8)],
  ['9 links in a row', 'BLOB_UNKNOWN', () => chain(9)],
  ['1,000 links in a row', 'BLOB_UNKNOWN', () => chain(1000)],
  [
    'a layer behind a link to the directory of passwd',
    'BLOB_UNKNOWN',
    () =>
      archiveWith({
        first: [{ name: 'dir', type: 'symlink', linkname: '/etc' }],
        items: [{ ...ITEM, Layers: ['0.tar', 'dir/passwd'] }],
      }),
  ],
  [
    'links that lead to each other',
    'BLOB_UNKNOWN',
    () =>
      archiveWith({
        first: [{ name: 'other', type: 'symlink', linkname: '1.tar' }],
        instead: { '1.tar': { type: 'symlink', linkname: 'other' } },
      }),
  ],
  [
    'manifest.json that is a link to passwd',
    'SOURCE_NOT_FOUND',
    () =>
      archiveWith({ instead: { 'manifest.json': { type: 'symlink', linkname: '/etc/passwd' } } }),
  ],
  [
    'manifest.json that is a pipe',
    'ARCHIVE_INVALID',
    () => archiveWith({ instead: { 'manifest.json': { type: 'fifo' } } }),
  ],
  [
    'a config that is a link to passwd',
    'BLOB_UNKNOWN',
    () => archiveWith({ instead: { 'config.json': { type: 'link', linkname: '/etc/passwd' } } }),
  ],
];

/** What manifest.json says. */
const ITEMS: readonly (readonly [Expects, unknown])[] = [
  ['SOURCE_NOT_FOUND', []],
  ['ARCHIVE_INVALID', {}],
  ['ARCHIVE_INVALID', null],
  ['ARCHIVE_INVALID', [null]],
  ['ARCHIVE_INVALID', [[]]],
  ['ARCHIVE_INVALID', [{ ...ITEM, Config: null }]],
  ['ARCHIVE_INVALID', [{ ...ITEM, Layers: [1, 2] }]],
  ['ARCHIVE_INVALID', [{ ...ITEM, Layers: ['0.tar'] }]],
  ['ARCHIVE_INVALID', [{ ...ITEM, Layers: ['0.tar', '0.tar'] }]],
  ['ARCHIVE_INVALID', [{ ...ITEM, Layers: Array(20_000).fill('0.tar') }]],
  ['ARCHIVE_INVALID', [{ ...ITEM, Layers: 'config.json' }]],
  ['ARCHIVE_INVALID', [{ ...ITEM, RepoTags: { length: 1 } }]],
  ['BLOB_UNKNOWN', [{ ...ITEM, Layers: ['0.tar', '/etc/passwd'] }]],
  ['BLOB_UNKNOWN', [{ ...ITEM, Layers: ['0.tar', '../../../../../../../etc/passwd'] }]],
  ['BLOB_UNKNOWN', [{ ...ITEM, Layers: ['0.tar', EVIL] }]],
  ['BLOB_UNKNOWN', [{ ...ITEM, Layers: ['0.tar', LONG] }]],
  ['BLOB_UNKNOWN', [{ ...ITEM, Config: '/etc/passwd' }]],
  ['BLOB_UNKNOWN', [{ ...ITEM, Config: '../canary' }]],
  ['BLOB_UNKNOWN', [{ ...ITEM, Config: EVIL }]],
  ['BLOB_UNKNOWN', [{ ...ITEM, Config: '' }]],
  ['MANIFEST_INVALID', [{ ...ITEM, Config: '0.tar' }]],
  ['SOURCE_NOT_FOUND', [ITEM, { ...ITEM, RepoTags: [EVIL] }]],
  ['SOURCE_NOT_FOUND', [ITEM, { ...ITEM, RepoTags: [LONG] }]],
  ['SOURCE_NOT_FOUND', Array(10_000).fill(ITEM)],
  ['success', [{ ...ITEM, RepoTags: [EVIL, LONG, '../..'], Parent: EVIL, __proto__: null }]],
];

const items: readonly ArchiveRow[] = ITEMS.map(([expects, said]) => [
  `a manifest.json that says ${JSON.stringify(said).slice(0, 90)}`,
  expects,
  () => archiveWith({ items: said }),
]);

/** The image config. */
const { diff_ids: diffIDs } = (
  JSON.parse(Buffer.from(IMAGE.config.bytes).toString()) as { rootfs: { diff_ids: string[] } }
).rootfs;
const configOf = (ids: unknown): string =>
  JSON.stringify({ rootfs: { type: 'layers', diff_ids: ids } });

const CONFIGS: readonly (readonly [Expects, string])[] = [
  ['MANIFEST_INVALID', ''],
  ['MANIFEST_INVALID', EVIL],
  ['MANIFEST_INVALID', '[]'],
  ['MANIFEST_INVALID', '{}'],
  ['MANIFEST_INVALID', '{"rootfs":null}'],
  ['MANIFEST_INVALID', DEEP],
  ['MANIFEST_INVALID', configOf('x')],
  ['MANIFEST_INVALID', configOf([null, null])],
  ['MANIFEST_INVALID', configOf([`md5:${'0'.repeat(32)}`, diffIDs[1]])],
  ['MANIFEST_INVALID', configOf([`sha256:../../../../etc/passwd`, diffIDs[1]])],
  ['MANIFEST_INVALID', configOf([EVIL, diffIDs[1]])],
  ['MANIFEST_INVALID', configOf([LONG, diffIDs[1]])],
  ['MANIFEST_INVALID', configOf([`__proto__:${'0'.repeat(64)}`, diffIDs[1]])],
  [
    'MANIFEST_INVALID',
    `{"rootfs":{"diff_ids":[]},"rootfs":{"diff_ids":${JSON.stringify(diffIDs)}}}`,
  ],
  [
    'MANIFEST_INVALID',
    `{"architecture":["${'a'.repeat(100)}"],"rootfs":{"diff_ids":${JSON.stringify(diffIDs)}}}`,
  ],
  ['ARCHIVE_INVALID', configOf([])],
  ['ARCHIVE_INVALID', configOf([...diffIDs, ...diffIDs])],
  ['DIGEST_MISMATCH', configOf([`sha256:${'0'.repeat(64)}`, diffIDs[1]])],
  ['DIGEST_MISMATCH', configOf([`sha512:${'0'.repeat(128)}`, diffIDs[1]])],
  ['DIGEST_MISMATCH', configOf([diffIDs[1], diffIDs[0]])],
  ['LIMIT_EXCEEDED', ' '.repeat(4 * 1024 * 1024 + 1)],
];

const configs: readonly ArchiveRow[] = CONFIGS.map(([expects, content]) => [
  `a config ${JSON.stringify(content).slice(0, 90)}`,
  expects,
  () => archiveWith({ instead: { 'config.json': { content } } }),
]);

export const DOCKER_ARCHIVES: readonly HostileCase[] = [
  ...strangers,
  ...impostors,
  ...links,
  ...TWICE,
  ...items,
  ...configs,
].map(archiveCase);
