/** Container storages and Docker Engines that do not mean well. */
import { execFile } from 'node:child_process';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import {
  startFakeEngine,
  type FakeEngineOptions,
} from '../../transports/docker-daemon/fake-engine.ts';
import {
  makeStorage,
  tarSplitFile,
  tarSplitOf,
  type MadeLayer,
  type Storage,
} from '../../transports/containers-storage/make-store.ts';
import type { HostileCase } from './cases.ts';
import { archiveWith } from './docker-image.ts';
import { DEEP, EVIL, EVIL_NAME, LONG } from './words.ts';

type Expects = HostileCase['expects'];

const FILE = { name: 'file', content: 'content' };
const HEADER = Buffer.alloc(512, 'h');

/** Spoils a storage with one image of one layer. */
type Spoil = (storage: Storage, layer: MadeLayer, home: string) => Promise<unknown>;

/** A recipe in which the one file has another name, size or whatever. */
const recipe =
  (change: object): Spoil =>
  (storage, layer) =>
    recipeOf(storage, layer, [
      { type: 2, payload: HEADER.toString('base64') },
      { type: 1, name: 'file', size: 7, payload: '', ...change },
    ]);

function recipeOf(
  storage: Storage,
  { id }: MadeLayer,
  lines: readonly unknown[] | Uint8Array,
): Promise<void> {
  const bytes = lines instanceof Uint8Array ? lines : tarSplitFile(lines);
  return storage.write(`overlay-layers/${id}.tar-split.gz`, bytes);
}

/** Something else in the place of the one file. */
const instead =
  (place: (path: string, home: string) => Promise<unknown>): Spoil =>
  async (storage, layer, home) => {
    const path = join(storage.files(layer), 'file');
    await rm(path);
    await place(path, home);
  };

const text =
  (file: 'images' | 'layers', content: string): Spoil =>
  (storage) =>
    storage.write(`overlay-${file}/${file}.json`, content);

const RECIPES: readonly (readonly [name: string, expects: Expects, spoil: Spoil])[] = [
  [
    'a file out of the layer',
    'BLOB_UNKNOWN',
    recipe({ name: '../../../../../../../../etc/passwd' }),
  ],
  ['an absolute file', 'BLOB_UNKNOWN', recipe({ name: '/etc/passwd' })],
  ['a file of no name', 'ARCHIVE_INVALID', recipe({ name: '' })],
  ['a file with a NUL in its name', 'FILE_UNREADABLE', recipe({ name: 'fi\0le' })],
  ['a file whose name does harm', 'BLOB_UNKNOWN', recipe({ name: EVIL_NAME })],
  ['a file whose name is long', 'FILE_UNREADABLE', recipe({ name: LONG })],
  ['a file that is the layer', 'FILE_UNREADABLE', recipe({ name: '.' })],
  ['a size that is negative', 'ARCHIVE_INVALID', recipe({ size: -7 })],
  ['a size that is huge', 'DIGEST_MISMATCH', recipe({ size: 2 ** 53 - 1 })],
  ['a size that is text', 'ARCHIVE_INVALID', recipe({ size: EVIL })],
  ['a type that nobody knows', 'ARCHIVE_INVALID', recipe({ type: EVIL })],
  ['a name that is no base64', 'ARCHIVE_INVALID', recipe({ name_raw: '' })],
  [
    'a segment that is no base64',
    'ARCHIVE_INVALID',
    (storage, layer) => recipeOf(storage, layer, [{ type: 2, payload: EVIL }]),
  ],
  [
    'nothing at all',
    'ARCHIVE_INVALID',
    (storage, layer) => recipeOf(storage, layer, Buffer.alloc(0)),
  ],
  ['no lines', 'DIGEST_MISMATCH', (storage, layer) => recipeOf(storage, layer, [])],
  [
    'what is no gzip',
    'ARCHIVE_INVALID',
    (storage, layer) => recipeOf(storage, layer, Buffer.from(EVIL)),
  ],
  [
    'lists in lists',
    'ARCHIVE_INVALID',
    (storage, layer) => recipeOf(storage, layer, gzipSync(DEEP)),
  ],
  [
    'a line of 50 MB',
    'ARCHIVE_INVALID',
    (storage, layer) => recipeOf(storage, layer, gzipSync(Buffer.alloc(50_000_000, ' '))),
  ],
  [
    '50 MB of empty lines',
    'DIGEST_MISMATCH',
    (storage, layer) => recipeOf(storage, layer, gzipSync(Buffer.alloc(50_000_000, '\n'))),
  ],
  [
    'bytes of another layer',
    'DIGEST_MISMATCH',
    (storage, layer) => recipeOf(storage, layer, tarSplitOf([HEADER, HEADER, FILE])),
  ],
  [
    'a file that is a link to passwd',
    'FILE_UNREADABLE',
    instead((path) => symlink('/etc/passwd', path)),
  ],
  [
    'a file that is a link to another',
    'FILE_UNREADABLE',
    instead((path, home) => symlink(join(home, 'canary'), path)),
  ],
  [
    'a file that is a pipe',
    'FILE_UNREADABLE',
    instead((path) => promisify(execFile)('mkfifo', [path])),
  ],
  ['a file that is a directory', 'FILE_UNREADABLE', instead((path) => mkdir(path))],
  ['a file that is not there', 'BLOB_UNKNOWN', instead(() => Promise.resolve())],
  ['a file of other bytes', 'DIGEST_MISMATCH', instead((path) => writeFile(path, 'CONTENT'))],
  ['images.json of nothing', 'JSON_INVALID', text('images', '')],
  ['images.json of no JSON', 'JSON_INVALID', text('images', EVIL)],
  ['images.json of lists in lists', 'JSON_INVALID', text('images', DEEP)],
  ['images.json of null', 'JSON_INVALID', text('images', '[null]')],
  ['an image whose ID leads out', 'JSON_INVALID', text('images', '[{"id":"../../../../etc"}]')],
  ['an image whose ID does harm', 'JSON_INVALID', text('images', JSON.stringify([{ id: EVIL }]))],
  ['layers.json of nonsense', 'JSON_INVALID', text('layers', LONG)],
  ['a layer whose ID leads out', 'JSON_INVALID', text('layers', '[{"id":".."}]')],
  ['no layers', 'BLOB_UNKNOWN', text('layers', '[]')],
  [
    'a layer that is its own parent',
    'BLOB_UNKNOWN',
    (storage, { id, diffID }) =>
      text('layers', JSON.stringify([{ id, parent: id, 'diff-digest': diffID }]))(
        storage,
        { id, diffID, tar: HEADER },
        '',
      ),
  ],
  [
    'a layer without a digest',
    'UNSUPPORTED',
    (storage, { id }) => storage.write('overlay-layers/layers.json', JSON.stringify([{ id }])),
  ],
];

export const STORAGES: readonly HostileCase[] = RECIPES.map(([name, expects, spoil]) => ({
  name,
  expects,
  prepare: async (path) => {
    const storage = await makeStorage();
    const layer = await storage.layer({ parts: [HEADER, FILE] });
    await storage.image({ names: ['localhost/a:1'], layers: [layer] });
    await spoil(storage, layer, path(''));
    return { source: `containers-storage:[overlay@${storage.root}]localhost/a:1` };
  },
}));

const saying = (status: number, body: string | Uint8Array, headers = {}): FakeEngineOptions => ({
  save: (response) => response.writeHead(status, headers).end(body),
});

const WHOLE = await archiveWith();
const LEADING_OUT = await archiveWith({
  instead: { '1.tar': { type: 'symlink', linkname: '/etc/passwd' } },
});

const ENGINES: readonly (readonly [name: string, expects: Expects, options: FakeEngineOptions])[] =
  [
    ['a refusal that does harm', 'DAEMON_REJECTED', saying(500, JSON.stringify({ message: EVIL }))],
    ['a refusal that is long', 'DAEMON_REJECTED', saying(500, JSON.stringify({ message: LONG }))],
    ['a refusal of lists in lists', 'DAEMON_REJECTED', saying(500, DEEP)],
    ['a refusal that is no JSON', 'DAEMON_REJECTED', saying(502, EVIL)],
    ['a refusal of 2 MiB', 'LIMIT_EXCEEDED', saying(500, Buffer.alloc(2 << 20, 'x'))],
    [
      'an unknown image, told with harm',
      'SOURCE_NOT_FOUND',
      saying(404, JSON.stringify({ message: EVIL })),
    ],
    ['a way to elsewhere', 'DAEMON_REJECTED', saying(302, '', { location: 'http://127.0.0.1:1/' })],
    ['nothing', 'SOURCE_NOT_FOUND', saying(200, '')],
    ['text', 'ARCHIVE_INVALID', saying(200, EVIL.repeat(100))],
    [
      'an archive that is cut',
      'ARCHIVE_INVALID',
      { save: (response) => response.end(WHOLE.subarray(0, 3000)) },
    ],
    [
      'an archive of less than it says',
      'DAEMON_UNREACHABLE',
      {
        save: (response) =>
          response
            .writeHead(200, { 'content-length': 99_999 })
            .write('x', () => response.destroy()),
      },
    ],
    [
      'an archive whose layer leads out',
      'BLOB_UNKNOWN',
      {
        save: (response) => response.end(LEADING_OUT),
      },
    ],
    [
      'a version that is none',
      'SOURCE_NOT_FOUND',
      { apiVersion: '../../x', save: (response) => response.writeHead(404).end('{}') },
    ],
    [
      'a version beyond all',
      'SOURCE_NOT_FOUND',
      {
        apiVersion: '99999999999999999999.1',
        save: (response) => response.writeHead(404).end('{}'),
      },
    ],
  ];

export const DAEMONS: readonly HostileCase[] = ENGINES.map(([name, expects, options]) => ({
  name,
  expects,
  prepare: async () => ({ env: { DOCKER_HOST: (await startFakeEngine(options)).host } }),
}));
