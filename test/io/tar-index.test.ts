/** Archives of every tar dialect, and such as no honest program writes. */
import { execFile } from 'node:child_process';
import { link, mkdir, open, symlink, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { openRegularFile } from '../../src/io/file-reader.ts';
import { indexTar } from '../../src/io/tar-index.ts';
import type { TarMember } from '../../src/io/tar-header.ts';
import { temporaryDirectory } from '../support/scratch.ts';
import { BLOCK, END, headerBlock, octal, padded, paxHeader, tarOf } from '../support/tar.ts';

const exec = promisify(execFile);
const GIB = 2 ** 30;
const INVALID = { code: 'ARCHIVE_INVALID', hint: expect.any(String) };

let directory = '';
let path = '';

beforeEach(async () => {
  directory = await temporaryDirectory();
  path = join(directory, 'archive.tar');
});

async function indexFile(): Promise<readonly TarMember[]> {
  const file = await openRegularFile(path);
  onTestFinished(() => file.handle.close());
  return indexTar(file);
}

async function index(...parts: readonly Uint8Array[]): Promise<readonly TarMember[]> {
  await writeFile(path, Buffer.concat(parts));
  return indexFile();
}

/** The contents of members, by name. */
async function contents(members: readonly TarMember[]): Promise<Record<string, string>> {
  await using file = await open(path);
  const found: Record<string, string> = {};
  for (const { name, offset, size } of members) {
    const bytes = Buffer.alloc(size);
    await file.read(bytes, 0, size, offset);
    found[name] = bytes.toString();
  }
  return found;
}

describe('archives of GNU tar', () => {
  const short = 'directory/file';
  const long = `${'long-'.repeat(15)}/${'name-'.repeat(20)}`;

  async function makeTree(names: readonly string[]): Promise<string> {
    const tree = join(directory, 'tree');
    for (const name of names) {
      await mkdir(dirname(join(tree, name)), { recursive: true });
      await writeFile(join(tree, name), `in ${name}`);
    }
    return tree;
  }

  test.each([
    ['v7', [short]],
    ['ustar', [short, long]],
    ['gnu', [short, long, `${long}-${long}/ü`]],
    ['oldgnu', [short, long, `${long}-${long}/ü`]],
    ['pax', [short, long, `${long}-${long}/ü`]],
  ])('format %s', async (format, names) => {
    const tree = await makeTree(names);
    await exec('tar', ['-C', tree, `--format=${format}`, '-cf', path, '.']);
    const files = (await indexFile()).filter(({ kind, size }) => kind === 'file' && size > 0);
    expect(await contents(files)).toEqual(
      Object.fromEntries(names.map((name) => [name, `in ${name}`])),
    );
  });

  test.each([['ustar'], ['gnu'], ['pax']])('links in format %s', async (format) => {
    const tree = await makeTree([short]);
    const target = 'far/'.repeat(format === 'ustar' ? 10 : 40);
    await symlink(target, join(tree, 'symlink'));
    await link(join(tree, short), join(tree, 'hard-link'));
    const names = [short, 'symlink', 'hard-link'];
    await exec('tar', ['-C', tree, `--format=${format}`, '-cf', path, ...names]);
    expect(await indexFile()).toMatchObject([
      { name: short, kind: 'file', size: 17 },
      { name: 'symlink', kind: 'symlink', size: 0, target },
      { name: 'hard-link', kind: 'hard-link', size: 0, target: short },
    ]);
  });

  test.each([['gnu'], ['pax']])('sparse files in format %s', async (format) => {
    const tree = await makeTree(['after']);
    await using holes = await open(join(tree, 'holes'), 'w');
    // More than one further header of 21 holes each.
    for (let hole = 1; hole <= 50; hole += 1) await holes.write('x', hole * 64 * 1024);
    const names = ['holes', 'after'];
    await exec('tar', ['-C', tree, `--format=${format}`, '--sparse', '-cf', path, ...names]);
    const members = await indexFile();
    expect(members).toMatchObject([
      { name: 'holes', kind: 'sparse' },
      { name: 'after', kind: 'file' },
    ]);
    expect(await contents(members.slice(1))).toEqual({ after: 'in after' });
  });
});

test('members that are no files', async () => {
  const types = ['directory', 'character-device', 'block-device', 'fifo'] as const;
  const tar = await tarOf([
    ...types.map((type) => ({ name: type, type })),
    { name: 'file', content: 'text', type: 'contiguous-file' },
  ]);
  const members = await index(tar);
  expect(members.map(({ name, kind }) => [name, kind])).toEqual([
    ...types.map((type) => [type, 'other']),
    ['file', 'file'],
  ]);
  expect(await contents(members.slice(-1))).toEqual({ file: 'text' });
});

test('more members than one read finds, of sizes around a block', async () => {
  const sizes = Array.from({ length: 200 }, (_, number) => (number * 37) % 1500);
  const entries = sizes.map((size, number) => ({ name: `${number}`, content: 'x'.repeat(size) }));
  const members = await index(await tarOf(entries));
  expect(await contents(members)).toEqual(
    Object.fromEntries(entries.map(({ name, content }) => [name, content])),
  );
});

test.each([
  ['1', 'link'],
  ['2', 'link'],
  ['3', ''],
  ['4', ''],
  ['5', ''],
  ['6', ''],
])('a member of type %s has no contents, whatever size it states', async (type, target) => {
  const fields = { 124: octal(5 * BLOCK), 156: type, 157: target };
  expect(await index(headerBlock('first', fields), headerBlock('second'), END)).toMatchObject([
    { name: 'first', size: 0, target },
    { name: 'second', size: 0, offset: 2 * BLOCK },
  ]);
});

test.each([['V'], ['D'], ['Z']])('a member of type %s is skipped', async (type) => {
  const unknown = headerBlock('first', { 124: octal(5), 156: type });
  expect(await index(unknown, padded('12345'), headerBlock('second'), END)).toMatchObject([
    { name: 'first', kind: 'other', size: 5 },
    { name: 'second', kind: 'file' },
  ]);
});

test.each<[string, readonly Uint8Array[]]>([
  ['base-256', [headerBlock('big', { 124: base256(9 * GIB) })]],
  ['PAX', [paxHeader('x', { size: `${9 * GIB}` }), headerBlock('big')]],
])('a layer of 9 GiB, its size in %s', async (_, start) => {
  const offset = start.reduce((total, { length }) => total + length, 0);
  await writeFile(path, Buffer.concat(start));
  await truncate(path, offset + 9 * GIB);
  await writeFile(path, Buffer.concat([headerBlock('after'), END]), { flag: 'a' });
  expect(await indexFile()).toMatchObject([
    { name: 'big', kind: 'file', offset, size: 9 * GIB },
    { name: 'after', offset: offset + 9 * GIB + BLOCK },
  ]);
});

function base256(size: number): Uint8Array {
  const bytes = Buffer.alloc(12);
  bytes.writeBigUInt64BE(BigInt(size), 4);
  bytes[0] = 0x80;
  return bytes;
}

test.each([
  ['no member', []],
  ['a zero block', [Buffer.alloc(BLOCK)]],
  ['the end, then another archive', [END, headerBlock('hidden'), END]],
  ['the end, then garbage', [END, Buffer.from('garbage')]],
])('%s', async (_, parts) => {
  expect(await index(...parts)).toEqual([]);
});

test.each<[string, readonly Uint8Array[]]>([
  ['a text', [Buffer.from('{"imageLayoutVersion":"1.0.0"}')]],
  ['a long text', [Buffer.from('no archive '.repeat(100))]],
  ['a wrong checksum', [headerBlock('file').fill('x', 300, 301), END]],
  ['a size that is no number', [headerBlock('file', { 124: 'size' }), END]],
  ['a negative size', [headerBlock('file', { 124: new Uint8Array(12).fill(0xff) }), END]],
  ['a size that nothing has', [headerBlock('file', { 124: new Uint8Array(12).fill(0x81) }), END]],
  ['a size out of all numbers', [headerBlock('file', { 124: base256(2 ** 60) }), END]],
  [
    'a size at the end of all numbers',
    [headerBlock('file', { 124: base256(2 ** 53 - 1) }), Buffer.alloc(2 ** 16)],
  ],
  ['a negative size in PAX', [paxHeader('x', { size: '-1' }), headerBlock('file'), END]],
  ['a size in PAX that is no number', [paxHeader('x', { size: 'x' }), headerBlock('file'), END]],
  ['a size that overflows', [paxHeader('x', { size: '9'.repeat(400) }), headerBlock('file'), END]],
  ['contents that end early', [headerBlock('file', { 124: octal(BLOCK + 1) }), padded('text')]],
  [
    'contents that are not filled up',
    [headerBlock('file', { 124: octal(4) }), padded('text').subarray(0, 511)],
  ],
  ['a header that ends early', [headerBlock('file'), headerBlock('other').subarray(0, 511)]],
  ['an extension without a member', [paxHeader('x', { path: 'file' })]],
  [
    'an extension that ends early',
    [headerBlock('pax', { 124: octal(2 * BLOCK), 156: 'x' }), padded('text')],
  ],
  [
    'an extension of 5 MiB',
    [headerBlock('pax', { 124: octal(5 * 2 ** 20), 156: 'x' }), Buffer.alloc(6 * 2 ** 20)],
  ],
  ['an extension before the end', [paxHeader('x', { path: 'file' }), END]],
  [
    'sparse headers without end',
    [headerBlock('file', { 156: 'S', 482: '1' }), Buffer.alloc(BLOCK, 1)],
  ],
])('refuses %s', async (_, parts) => {
  await expect(index(...parts)).rejects.toMatchObject(INVALID);
});

test('an archive that is cut lists what it has or is refused, and never more', async () => {
  const tar = await tarOf([
    { name: 'a'.repeat(120), content: 'text' },
    { name: 'b', content: 'x'.repeat(700) },
    { name: 'c' },
  ]);
  const whole = (await index(tar)).map(({ name }) => name);
  const outcomes: (readonly string[] | 'refused')[] = [];
  for (let length = 0; length < tar.length; length += BLOCK / 4) {
    const listed = index(tar.subarray(0, length)).then(
      (members) => members.map(({ name }) => name),
      (error: unknown) => {
        expect(error).toMatchObject(INVALID);
        return 'refused' as const;
      },
    );
    outcomes.push(await listed);
  }
  const lists = outcomes.filter((outcome) => outcome !== 'refused');
  for (const list of lists) expect(list).toEqual(whole.slice(0, list.length));
  // Only where a member ends, or the zero block after the last has been seen, is it a tar file.
  expect(lists.map(({ length }) => length)).toEqual([0, 1, 2, 3, ...Array<number>(4).fill(3)]);
  expect(outcomes).toHaveLength(tar.length / (BLOCK / 4));
});

test('refuses more members than an image has', async () => {
  const member = headerBlock('file');
  await writeFile(path, Buffer.concat(Array<Uint8Array>(100_001).fill(member)));
  await expect(indexFile()).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
}, 30_000);
