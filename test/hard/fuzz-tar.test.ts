/** Archives in every dialect of tar, and the recipes of tar-split, whatever is wrong with them. */
import assert from 'node:assert/strict';
import { closeSync, readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import type { OpenFile } from '../../src/io/file-reader.ts';
import { indexTar } from '../../src/io/tar-index.ts';
import { TarReader } from '../../src/transforms/zstd-chunked/tar-reader.ts';
import { DiffDirectory } from '../../src/transports/containers-storage/diff-directory.ts';
import { rebuildLayer } from '../../src/transports/containers-storage/rebuild.ts';
import { sharedDirectory } from '../support/scratch.ts';
import { bytesOf } from '../support/streams.ts';
import { BLOCK, END, headerBlock, octal, padded, paxHeader, tarOf } from '../support/tar.ts';
import { fuzzAll, refusing } from './fuzz.ts';
import { json } from './json-mutations.ts';
import { bytes, tars, texts } from './mutations.ts';

const LONG = 'long/'.repeat(30);
const BASE_256 = Buffer.from('800000000000000000000003', 'hex');

/** One of each dialect, and of what links and extensions can do. */
const ARCHIVES = [
  await tarOf([
    { name: 'manifest.json', content: '[]' },
    { name: LONG, content: 'x'.repeat(600) },
    { name: 'link', type: 'symlink', linkname: '../manifest.json' },
    { name: 'hard', type: 'link', linkname: `${LONG}x` },
    { name: 'a/', type: 'directory' },
    { name: 'é', content: 'text', pax: { 'SCHILY.xattr.user.a': 'b', mtime: '1.5', size: '4' } },
  ]),
  joined(
    headerBlock('././@LongLink', { 124: octal(LONG.length + 1), 156: 'L', 257: 'ustar  \0' }),
    padded(`${LONG}\0`),
    headerBlock('././@LongLink', { 124: octal(5), 156: 'K', 257: 'ustar  \0' }),
    padded('../x\0'),
    headerBlock('short', { 156: '2', 257: 'ustar  \0' }),
    headerBlock('base', { 124: BASE_256, 257: 'ustar  \0' }),
    padded('abc'),
  ),
  joined(
    headerBlock('sparse', { 124: octal(3), 156: 'S', 257: 'ustar  \0', 482: '\u0001' }),
    Buffer.alloc(BLOCK),
    padded('abc'),
    paxHeader('g', { comment: 'x' }),
    paxHeader('x', { 'GNU.sparse.major': '1', 'GNU.sparse.name': 'y', 'GNU.sparse.size': '9' }),
    headerBlock('GNUSparseFile.0/y', { 124: octal(512) }),
    padded('1\n0\n3\n'),
  ),
  joined(headerBlock('old/', { 156: '\0', 257: '\0'.repeat(8) }), headerBlock('v7', { 257: '\0' })),
];

const TAR_SPLIT = [
  [{ type: 2, payload: Buffer.from('head').toString('base64'), position: 0 }],
  [{ type: 1, name: 'file', size: 6, payload: 'AAAAAA==', position: 1 }],
  [{ type: 1, name_raw: Buffer.from('a/file').toString('base64'), size: 6, position: 2 }],
  [{ type: 2, payload: null }],
]
  .map((lines) => lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  .map((_, index, lines) => lines.slice(0, index + 1).join(''));

/** Names that lead to no file, and to one of another size. */
const MISFITS = ['a', 'loop/file', 'file/x', 'x'.repeat(5000)]
  .map((name) => ({ type: 1, name, size: 6 }))
  .concat({ type: 1, name: 'file', size: 7 })
  .map((entry) => JSON.stringify(entry));

/** Paths in a layer, honest ones and those that try to leave it. */
const PATHS = [
  'loop/file',
  'file',
  'a/file',
  './a/../file',
  '/file',
  'out/file',
  'up/file',
  '../outside/file',
];

const directory = await sharedDirectory();
const layer = join(directory, 'layer');
const recipe = join(directory, 'x.tar-split.gz');

await mkdir(join(layer, 'a'), { recursive: true });
await mkdir(join(directory, 'outside'));
await writeFile(join(layer, 'file'), 'inside');
await writeFile(join(layer, 'a/file'), 'inside');
await writeFile(join(directory, 'outside/file'), 'hidden');
await symlink('../outside', join(layer, 'out'));
await symlink('/..', join(layer, 'up'));
await symlink('loop', join(layer, 'loop'));

function joined(...blocks: readonly Uint8Array[]): Buffer {
  return Buffer.concat([...blocks, END]);
}

function inMemory(file: Buffer): OpenFile {
  const read = async (target: Buffer, offset: number, length: number, position: number) => ({
    bytesRead: file.subarray(position, position + length).copy(target, offset),
  });
  return { handle: { read } as unknown as FileHandle, size: file.length };
}

function contentOf(descriptor: number): string {
  const buffer = Buffer.alloc(10);
  const length = readSync(descriptor, buffer);
  closeSync(descriptor);
  return buffer.toString('utf8', 0, length);
}

const TAR = [
  refusing('tar archive, whose members are looked for', {
    inputs: tars(ARCHIVES),
    read: async (tar) => {
      for (const { name, offset, size } of await indexTar(inMemory(tar))) {
        assert.ok(offset % BLOCK === 0 && size >= 0 && offset + size <= tar.length);
        assert.doesNotMatch(name, /^\/|\/$|\/\/|(?:^|\/)\.{1,2}(?:\/|$)/);
      }
    },
    refusals: ['ARCHIVE_INVALID'],
  }),
  refusing('tar archive that becomes zstd:chunked', {
    inputs: tars(ARCHIVES),
    read: (tar) => {
      const passed: Uint8Array[] = [];
      const take = (part: Uint8Array) => passed.push(part);
      const nothing = () => undefined;
      const sink = { raw: take, tail: take, contents: take, member: nothing, memberEnd: nothing };
      const reader = new TarReader(sink);
      reader.push(tar.subarray(0, 700));
      reader.push(tar.subarray(700));
      reader.finish();
      // A header block is passed on in memory of the input's own.
      assert.deepEqual(Buffer.concat(passed), tar);
    },
    refusals: ['UNSUPPORTED'],
  }),
];

const LAYERS = [
  refusing('name of a file of a layer', {
    inputs: texts(PATHS),
    read: (text) => {
      const name = Buffer.from(text).toString('latin1');
      const descriptor = new DiffDirectory(layer).open(name, 6);
      assert.ok(descriptor === undefined || contentOf(descriptor) === 'inside');
    },
    refusals: ['FILE_UNREADABLE'],
  }),
  refusing('tar-split', {
    inputs: fc.oneof(
      json([...TAR_SPLIT, ...MISFITS]).map((lines) => gzipSync(lines, { level: 1 })),
      bytes(TAR_SPLIT.map((lines) => gzipSync(lines))),
    ),
    read: async (content) => {
      await writeFile(recipe, content);
      const tar = await bytesOf(rebuildLayer({ tarSplit: recipe, directories: [layer] }));
      assert.ok(!tar.includes('hidden'));
    },
    refusals: ['ARCHIVE_INVALID', 'FILE_NOT_FOUND', 'FILE_UNREADABLE', 'DIGEST_MISMATCH'],
  }),
];

fuzzAll('tar archives', TAR, { suite: 500, night: 20_000 });
fuzzAll('layers in storage', LAYERS, { suite: 100, night: 2000 });
