/** What a member is by its header, where it matters in which format that is: as Go's archive/tar reads it. */
import { expect, test } from 'vitest';
import { parseMember, type TarMember } from '../../../src/transforms/zstd-chunked/tar-member.ts';
import { headerBlock, octal } from '../../support/tar.ts';

const USTAR = 'ustar\u000000';
const GNU = 'ustar  \u0000';
const at = (seconds: number) => ({ seconds, nanoseconds: 0 });
const times = { 345: octal(7), 357: octal(8) };

test.each<
  [what: string, name: string, fields: Parameters<typeof headerBlock>[1], Partial<TarMember>]
>([
  ['old: a file', 'a', { 156: '\u0000' }, { type: 'reg' }],
  ['old: a directory by its name', 'a/', { 156: '\u0000' }, { type: 'dir', name: 'a/' }],
  ['a hard link', 'a', { 156: '1', 157: 'b' }, { type: 'hardlink', linkName: 'b' }],
  ['a symbolic link', 'a', { 156: '2', 157: '../b' }, { type: 'symlink', linkName: '../b' }],
  ['a character device', 'a', { 156: '3' }, { type: 'char' }],
  ['a block device', 'a', { 156: '4' }, { type: 'block' }],
  ['a directory', './a/', { 156: '5' }, { type: 'dir', name: './a/' }],
  ['a pipe', 'a', { 156: '6' }, { type: 'fifo' }],
  ['a name up to the first NUL', 'a\u0000b', {}, { name: 'a' }],
  ['numbers with spaces', 'a', { 108: ' 12 \u0000' }, { uid: 10 }],
  ['numbers in base 256', 'a', { 108: Buffer.from('8000000000000102', 'hex') }, { uid: 258 }],
  ['ustar: a prefix', 'a', { 257: USTAR, 345: 'b/c' }, { name: 'b/c/a' }],
  [
    'star: a shorter prefix, and times',
    'a',
    {
      257: USTAR,
      345: 'x'.repeat(131),
      476: octal(5),
      488: octal(6),
      508: 'tar\u0000',
    },
    { name: `${'x'.repeat(131)}/a`, accessed: at(5), changed: at(6) },
  ],
  ['ustar: no times', 'a', { 257: USTAR }, { accessed: undefined, changed: undefined }],
  [
    'GNU: times, and no prefix',
    'a',
    { 257: GNU, ...times },
    { name: 'a', accessed: at(7), changed: at(8) },
  ],
  ['GNU: no times', 'a', { 257: GNU }, { accessed: undefined, changed: undefined }],
  [
    'v7: neither prefix, times nor devices',
    'a',
    { 257: '\u0000', ...times, 329: octal(3) },
    { name: 'a', accessed: undefined, deviceMajor: 0 },
  ],
])('%s', (_, name, fields, expected) => {
  expect(parseMember(headerBlock(name, fields), {})).toMatchObject(expected);
});

test.each<[record: Record<string, string>, expected: Partial<TarMember>]>([
  [{ path: 'b' }, { name: 'b' }],
  [{ path: '' }, { name: 'a' }],
  [{ linkpath: 'b' }, { linkName: 'b' }],
  [
    { uid: '9', gid: '8' },
    { uid: 9, gid: 8 },
  ],
  [{ mtime: '1.25' }, { modified: { seconds: 1, nanoseconds: 250_000_000 } }],
  [{ mtime: '1.1234567899' }, { modified: { seconds: 1, nanoseconds: 123_456_789 } }],
  [{ mtime: '-1.5' }, { modified: { seconds: -2, nanoseconds: 500_000_000 } }],
  [{ atime: '2' }, { accessed: at(2) }],
  [{ ctime: '3' }, { changed: at(3) }],
  [{ 'SCHILY.xattr.user.a': 'x' }, { xattrs: new Map([['user.a', Buffer.from('x')]]) }],
  [{ 'SCHILY.xattr.user.a': '' }, { xattrs: new Map() }],
])('PAX %j', (records, expected) => {
  const pax = new Map(Object.entries(records).map(([key, value]) => [key, Buffer.from(value)]));
  expect(parseMember(headerBlock('a'), { pax })).toMatchObject(expected);
});

test('GNU names count before those of PAX', () => {
  const pax = new Map([
    ['path', Buffer.from('p')],
    ['linkpath', Buffer.from('q')],
  ]);
  const [longName, longLink] = [Buffer.from('n\u0000'), Buffer.from('l\u0000')];
  expect(parseMember(headerBlock('a', { 156: '2' }), { pax, longName, longLink })).toMatchObject({
    name: 'n',
    linkName: 'l',
  });
});
