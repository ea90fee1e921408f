/** Entries of the table of contents, to the letter: fields in the reference's order, none that is 0 or empty. */
import { expect, test } from 'vitest';
import { digestOf } from '../../../src/image/digest.ts';
import type { TarMember } from '../../../src/transforms/zstd-chunked/tar-member.ts';
import {
  TOC_START,
  tocEnd,
  tocEntries,
  type FileChunk,
} from '../../../src/transforms/zstd-chunked/toc.ts';

const DIGEST = digestOf(Buffer.from('a'));

const EMPTY: TarMember = {
  type: 'reg',
  name: 'a',
  linkName: '',
  mode: 0,
  size: 0,
  uid: 0,
  gid: 0,
  modified: { seconds: 0, nanoseconds: 0 },
  accessed: undefined,
  changed: undefined,
  deviceMajor: 0,
  deviceMinor: 0,
  xattrs: new Map(),
};

function chunk(kind: FileChunk['kind'], position: number, size: number): FileChunk {
  return { kind, position, size, start: 10 + position, end: 10 + position + size, digest: DIGEST };
}

test.each<[what: string, member: Partial<TarMember>, chunks: FileChunk[], entries: string[]]>([
  ['nothing', {}, [], ['{"type":"reg","name":"a","modtime":"1970-01-01T00:00:00Z"}']],
  [
    'all that a member can have',
    {
      name: './<a>/\u2028ä',
      linkName: '&',
      mode: 0o4755,
      size: 1,
      uid: 2,
      gid: 3,
      modified: { seconds: 1_700_000_000, nanoseconds: 120_000_000 },
      accessed: { seconds: -1, nanoseconds: 500_000_000 },
      changed: { seconds: 0, nanoseconds: 1 },
      deviceMajor: 4,
      deviceMinor: 5,
      xattrs: new Map([
        ['user.b', Buffer.from('two')],
        ['user.a', Buffer.of(1)],
      ]),
    },
    [],
    [
      String.raw`{"type":"reg","name":"./\u003ca\u003e/\u2028ä","linkName":"\u0026","mode":2541,"size":1,"uid":2,"gid":3,` +
        '"modtime":"2023-11-14T22:13:20.12Z","accesstime":"1969-12-31T23:59:59.5Z",' +
        '"changetime":"1970-01-01T00:00:00.000000001Z","devMajor":4,"devMinor":5,' +
        '"xattrs":{"user.a":"AQ==","user.b":"dHdv"}}',
    ],
  ],
  [
    'a file of one chunk, though it is a hole',
    { size: 5000 },
    [chunk('hole', 0, 5000)],
    [
      `{"type":"reg","name":"a","size":5000,"modtime":"1970-01-01T00:00:00Z","digest":"${DIGEST}","offset":10,"endOffset":5010}`,
    ],
  ],
  [
    'a file of several',
    { size: 7 },
    [chunk('data', 0, 3), chunk('hole', 3, 4)],
    [
      `{"type":"reg","name":"a","size":7,"modtime":"1970-01-01T00:00:00Z","digest":"${DIGEST}","offset":10,"endOffset":17,"chunkSize":3,"chunkDigest":"${DIGEST}"}`,
      `{"type":"chunk","name":"a","offset":13,"chunkSize":4,"chunkOffset":3,"chunkDigest":"${DIGEST}","chunkType":"zeros"}`,
    ],
  ],
])('%s', (_, member, chunks, entries) => {
  const digest = chunks.length > 0 ? DIGEST : undefined;
  expect(tocEntries({ member: { ...EMPTY, ...member }, digest, chunks })).toEqual(entries);
});

test.each([-62_167_219_201, 253_402_300_800])(
  'a time of no year with four digits: %i',
  (seconds) => {
    const modified = { seconds, nanoseconds: 0 };
    expect(() =>
      tocEntries({ member: { ...EMPTY, modified }, digest: undefined, chunks: [] }),
    ).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }));
  },
);

test('all around them', () => {
  expect(`${TOC_START}null${tocEnd(DIGEST)}`).toBe(
    `{"version":1,"entries":null,"tarSplitDigest":"${DIGEST}"}`,
  );
});
