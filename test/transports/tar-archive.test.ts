/** Archives in every wrapping, and the tricks of hostile ones (sheet 03, section 9). */
import { execFile } from 'node:child_process';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import { TarArchive } from '../../src/transports/tar-archive.ts';
import { noise } from '../support/make-image.ts';
import { openFiles, temporaryDirectory, withoutPermission } from '../support/scratch.ts';
import { bytesOf, firstOf, reusing, watched } from '../support/streams.ts';
import {
  END,
  headerBlock,
  octal,
  padded,
  paxHeader,
  tarOf,
  type TarEntry,
} from '../support/tar.ts';
import { makeContext } from '../support/transport-context.ts';

const CONTENT = Buffer.from(noise(300_000));

let directory = '';
let path = '';
let tar: Buffer;

beforeEach(async () => {
  directory = await temporaryDirectory();
  path = join(directory, 'archive');
  await mkdir(join(directory, 'spool'));
  tar = await tarOf([
    { name: 'first', content: 'text' },
    { name: 'layer', content: CONTENT },
  ]);
});

async function open(place = path, input?: Uint8Array): Promise<TarArchive> {
  const context = makeContext({
    temporaryDirectory: join(directory, 'spool'),
    ...(input && { standardInput: () => reusing(input, [1, 1, 500, 70_000]) }),
  });
  const archive = await TarArchive.open(place, context);
  onTestFinished(() => archive[Symbol.asyncDispose]());
  return archive;
}

async function archiveOf(...entries: readonly TarEntry[]): Promise<TarArchive> {
  await writeFile(path, await tarOf(entries));
  return open();
}

const WHOLE = { first: 'text', layer: digestOf(CONTENT), size: CONTENT.length };

async function contentsOf(archive: TarArchive): Promise<unknown> {
  const first = String(await archive.readControlFile('first', 4));
  const layer = digestOf(await bytesOf(archive.read('layer')));
  return { first, layer, size: archive.size('layer') };
}

describe('TarArchive.open takes', () => {
  test('a file, where it stands', async () => {
    await writeFile(path, tar);
    const archive = await open();
    expect(await contentsOf(archive)).toEqual(WHOLE);
    expect(await openFiles(directory)).toEqual([path]);
  });

  test('a symbolic link to one', async () => {
    await writeFile(join(directory, 'target'), tar);
    await symlink('target', path);
    expect(await contentsOf(await open())).toEqual(WHOLE);
  });

  test('a compressed file', async () => {
    await writeFile(path, gzipSync(tar));
    expect(await contentsOf(await open())).toEqual(WHOLE);
    expect(await readdir(join(directory, 'spool'))).toEqual([]);
  });

  test('a pipe', async () => {
    await promisify(execFile)('mkfifo', [path]);
    const [archive] = await Promise.all([open(), writeFile(path, tar)]);
    expect(await contentsOf(archive)).toEqual(WHOLE);
  });

  test.each([
    ['plain', (bytes: Uint8Array) => bytes],
    ['compressed', gzipSync],
  ])('standard input, %s', async (_, wrap) => {
    expect(await contentsOf(await open('-', wrap(tar)))).toEqual(WHOLE);
    expect(await readdir(join(directory, 'spool'))).toEqual([]);
  });

  test('an empty archive', async () => {
    await writeFile(path, END);
    expect((await open()).has('layer')).toBe(false);
  });
});

describe('TarArchive.open refuses', () => {
  const cases: [string, string, () => Promise<unknown>][] = [
    ['a missing file', 'SOURCE_NOT_FOUND', () => Promise.resolve()],
    ['a directory', 'FILE_UNREADABLE', () => mkdir(path)],
    ['a device', 'FILE_UNREADABLE', () => symlink('/dev/null', path)],
    ['a loop of links', 'FILE_UNREADABLE', () => symlink(path, path)],
    ['what is no tar', 'ARCHIVE_INVALID', () => writeFile(path, 'text'.repeat(1000))],
    ['a cut tar', 'ARCHIVE_INVALID', () => writeFile(path, tar.subarray(0, 2000))],
    ['a cut gzip', 'ARCHIVE_INVALID', () => writeFile(path, gzipSync(tar).subarray(0, -9))],
    ['gzip of no tar', 'ARCHIVE_INVALID', () => writeFile(path, gzipSync('text'))],
    ['a cut bzip2', 'ARCHIVE_INVALID', () => writeFile(path, Buffer.from('425a6839314159', 'hex'))],
    ['a cut xz', 'ARCHIVE_INVALID', () => writeFile(path, Buffer.from('fd377a585a000004', 'hex'))],
    [
      'a cut zstd',
      'ARCHIVE_INVALID',
      () => writeFile(path, Buffer.from('28b52ffd04180000', 'hex')),
    ],
  ];

  test.each(cases)('%s: %s', async (_, code, prepare) => {
    await prepare();
    await expect(open()).rejects.toMatchObject({ code });
    expect(await openFiles(directory)).toEqual([]);
    expect(await readdir(join(directory, 'spool'))).toEqual([]);
  });

  test('a path below a file', async () => {
    await writeFile(path, tar);
    await expect(open(join(path, 'below'))).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
  });

  test('what may not be read', async () => {
    await withoutPermission(directory, () =>
      expect(open()).rejects.toMatchObject({ code: 'FILE_UNREADABLE' }),
    );
  });

  test.each([
    ['a cut xz', Buffer.from('fd377a585a00', 'hex'), 'ARCHIVE_INVALID'],
    ['text', Buffer.from('text'), 'ARCHIVE_INVALID'],
  ])('standard input of %s, and lets go of it', async (_, input, code) => {
    const { stream, released } = watched([input, Buffer.alloc(9)]);
    const context = makeContext({
      temporaryDirectory: join(directory, 'spool'),
      standardInput: () => stream,
    });
    await expect(TarArchive.open('-', context)).rejects.toMatchObject({ code });
    expect(released()).toBe(true);
  });

  test('what cannot be spooled', async () => {
    const context = makeContext({
      temporaryDirectory: join(directory, 'missing'),
      standardInput: () => reusing(tar),
    });
    await expect(TarArchive.open('-', context)).rejects.toMatchObject({
      code: 'FILE_UNWRITABLE',
      origin: 'config',
    });
  });
});

describe('TarArchive.read', () => {
  test.each<[string, string, Partial<TarEntry>]>([
    ['evil', '../../evil', {}],
    ['abs/evil', '/abs/evil', {}],
    ['a', './a', {}],
    ['./a', 'a', {}],
    ['/a/b', 'a//b', {}],
    ['link', 'link', { type: 'symlink', linkname: 'a/file' }],
    ['a/link', 'a/link', { type: 'symlink', linkname: 'file' }],
    ['b/link', 'b/link', { type: 'symlink', linkname: '../a/file' }],
    ['b/link', 'b/link', { type: 'symlink', linkname: '/a/file' }],
    ['b/link', 'b/link', { type: 'symlink', linkname: '../../../a/file' }],
    ['b/link', 'b/link', { type: 'link', linkname: 'a/file' }],
    ['b/link', 'b/link', { type: 'link', linkname: './a/file' }],
    ['__proto__', '__proto__', {}],
  ])('finds %s in %s, %j', async (wanted, name, how) => {
    const content = how.type === undefined ? { content: 'text' } : {};
    const target = { name: 'a/file', content: 'text' };
    const archive = await archiveOf({ name, ...how, ...content }, target);
    expect(String(await bytesOf(archive.read(wanted)))).toBe('text');
    expect(archive.size(wanted)).toBe(4);
  });

  test.each<[string, readonly TarEntry[], string]>([
    ['what is not there', [{ name: 'other' }], 'FILE_NOT_FOUND'],
    ['a name of every object', [{ name: 'other' }], 'FILE_NOT_FOUND'],
    [
      'a link to the host',
      [{ name: 'it', type: 'symlink', linkname: '/etc/passwd' }],
      'FILE_NOT_FOUND',
    ],
    [
      'a link out',
      [{ name: 'it', type: 'symlink', linkname: '../../../etc/passwd' }],
      'FILE_NOT_FOUND',
    ],
    [
      'a hard link out',
      [{ name: 'it', type: 'link', linkname: '../../../etc/passwd' }],
      'FILE_NOT_FOUND',
    ],
    ['a link to itself', [{ name: 'it', type: 'symlink', linkname: 'it' }], 'FILE_NOT_FOUND'],
    ['a link to nothing', [{ name: 'it', type: 'symlink' }], 'FILE_NOT_FOUND'],
    [
      'what stands behind a linked directory',
      [
        { name: 'dir', type: 'symlink', linkname: '/etc' },
        { name: 'dir/passwd', type: 'symlink', linkname: 'it' },
      ],
      'FILE_NOT_FOUND',
    ],
    ['a directory', [{ name: 'it/', type: 'directory' }], 'ARCHIVE_INVALID'],
    [
      'a link to one',
      [
        { name: 'it', type: 'symlink', linkname: 'd' },
        { name: 'd', type: 'directory' },
      ],
      'ARCHIVE_INVALID',
    ],
    ['a device', [{ name: 'it', type: 'character-device' }], 'ARCHIVE_INVALID'],
    ['a disk', [{ name: 'it', type: 'block-device' }], 'ARCHIVE_INVALID'],
    ['a pipe', [{ name: 'it', type: 'fifo' }], 'ARCHIVE_INVALID'],
    ['a sparse file', [{ name: 'it', pax: { 'GNU.sparse.major': '1' } }], 'ARCHIVE_INVALID'],
  ])('refuses %s', async (_, entries, code) => {
    const archive = await archiveOf(...entries);
    for (const name of ['it', 'dir/passwd', 'constructor']) {
      const expected = name === 'it' ? code : 'FILE_NOT_FOUND';
      expect(() => archive.read(name)).toThrow(expect.objectContaining({ code: expected }));
      expect(() => archive.size(name)).toThrow(expect.objectContaining({ code: expected }));
    }
  });

  test('follows links, but not for ever', async () => {
    const links = Array.from({ length: 9 }, (_, number): TarEntry => ({
      name: `${number}`,
      type: 'symlink',
      linkname: `${number + 1}`,
    }));
    const archive = await archiveOf(...links, { name: '9', content: 'text' });
    expect(String(await bytesOf(archive.read('1')))).toBe('text');
    expect(() => archive.read('0')).toThrow(expect.objectContaining({ code: 'FILE_NOT_FOUND' }));
  });

  test.each([
    [0, 4],
    [1, 3],
    [3, 9],
    [4, 9],
    [9, 10],
  ])('gives bytes %i to %i of a member, and none of the next', async (start, end) => {
    const archive = await archiveOf({ name: 'a', content: 'text' }, { name: 'b', content: 'b' });
    expect(String(await bytesOf(archive.read('a', { start, end })))).toBe('text'.slice(start, end));
  });

  test('gives the first of equal names', async () => {
    const archive = await archiveOf({ name: 'a', content: 'first' }, { name: './a', content: '2' });
    expect(String(await bytesOf(archive.read('a')))).toBe('first');
  });

  test('reads members side by side', async () => {
    await writeFile(path, tar);
    const archive = await open();
    const all = await Promise.all([1, 2, 3].map(() => bytesOf(archive.read('layer'))));
    expect(all.every((bytes) => bytes.equals(CONTENT))).toBe(true);
  });

  test('lets the archive be closed when it is left', async () => {
    await writeFile(path, tar);
    const archive = await TarArchive.open(path, makeContext());
    await firstOf(archive.read('layer'));
    await archive[Symbol.asyncDispose]();
    expect(await openFiles(directory)).toEqual([]);
  });

  test('says how a sparse file can be avoided', async () => {
    const sparse = headerBlock('layer', { 156: 'S', 124: octal(4) });
    await writeFile(path, Buffer.concat([sparse, padded('text'), END]));
    const archive = await open();
    expect(() => archive.read('layer')).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('--sparse') }),
    );
  });
});

describe('TarArchive.readControlFile', () => {
  test('keeps to the limit', async () => {
    const archive = await archiveOf({ name: 'a', content: 'text' });
    expect(String(await archive.readControlFile('a', 4))).toBe('text');
    await expect(archive.readControlFile('a', 3)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  test.each<[string, TarEntry]>([
    ['the same twice', { name: 'a', content: 'text' }],
    ['the same under another spelling', { name: './a', content: 'text' }],
  ])('takes %s', async (_, second) => {
    const archive = await archiveOf({ name: 'a', content: 'text' }, second);
    expect(String(await archive.readControlFile('./a', 4))).toBe('text');
  });

  test.each<[string, TarEntry]>([
    ['two', { name: 'a', content: 'other' }],
    ['two of one length', { name: 'a', content: 'TEXT' }],
    ['one and an empty one', { name: 'a' }],
    ['two under other spellings', { name: '/b/../a', content: 'TEXT' }],
    ['one and a link', { name: 'a', type: 'symlink', linkname: 'b' }],
  ])('refuses %s', async (_, second) => {
    const archive = await archiveOf({ name: 'a', content: 'text' }, second);
    await expect(archive.readControlFile('./a', 9)).rejects.toMatchObject({
      code: 'ARCHIVE_INVALID',
    });
  });

  test('refuses a name that two dialects spell', async () => {
    const second = Buffer.concat([paxHeader('x', { path: 'a' }), headerBlock('b')]);
    const first = Buffer.concat([headerBlock('a', { 124: octal(4) }), padded('text')]);
    await writeFile(path, Buffer.concat([first, second, END]));
    await expect((await open()).readControlFile('a', 9)).rejects.toMatchObject({
      code: 'ARCHIVE_INVALID',
    });
  });
});
