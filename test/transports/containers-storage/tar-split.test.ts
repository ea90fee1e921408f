import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  readTarSplit,
  tarSplitSize,
  type TarSplitEntry,
} from '../../../src/transports/containers-storage/tar-split.ts';
import { temporaryDirectory } from '../../support/scratch.ts';
import { tarSplitFile } from './make-store.ts';

async function fileWith(content: Uint8Array): Promise<string> {
  const path = join(await temporaryDirectory(), 'x.tar-split.gz');
  await writeFile(path, content);
  return path;
}

async function read(content: Uint8Array): Promise<readonly TarSplitEntry[]> {
  const entries: TarSplitEntry[] = [];
  for await (const some of readTarSplit(await fileWith(content))) entries.push(...some);
  return entries;
}

function segment(content: string): TarSplitEntry {
  return {
    kind: 'segment',
    payload: Buffer.from(content).toString('base64'),
    size: Buffer.byteLength(content),
  };
}

describe('readTarSplit', () => {
  test.each([
    [[], []],
    [[{ type: 2, payload: 'aGVhZGVy', position: 0 }], [segment('header')]],
    [[{ type: 2, payload: '' }, { type: 2, payload: null }, { type: 2 }], []],
    [[{ type: 1, name: 'dir/', payload: null, position: 1 }], []], // a directory, a link, a whiteout
    [
      [{ type: 1, name: 'f', size: 3, payload: 'KrLdsAAAAAA=' }],
      [{ kind: 'file', name: 'f', size: 3 }],
    ],
    [[{ type: 1, name: 'é', size: 1 }], [{ kind: 'file', name: '\xc3\xa9', size: 1 }]],
    [[{ type: 1, name_raw: 'bGF0aW7p', size: 1 }], [{ kind: 'file', name: 'latin\xe9', size: 1 }]],
  ])('%j', async (lines, entries) => {
    expect(await read(tarSplitFile(lines))).toEqual(entries);
  });

  test('reads several gzip members, and a last line without its end', async () => {
    const [first, second] = [
      { type: 2, payload: 'YQ==' },
      { type: 2, payload: 'Yg==' },
    ];
    const members = [tarSplitFile([first]), gzipSync(JSON.stringify(second))];
    expect(await read(Buffer.concat(members))).toEqual([segment('a'), segment('b')]);
  });

  test('puts lines together that stand in several chunks', async () => {
    const payload = Buffer.alloc(300_000, 'x').toString('base64');
    const entries = await read(
      tarSplitFile(Array.from({ length: 5 }, () => ({ type: 2, payload }))),
    );
    const entry = { kind: 'segment', payload, size: 300_000 };
    expect(entries).toEqual([entry, entry, entry, entry, entry]);
  });

  test.each([
    gzipSync('no JSON\n'),
    gzipSync('[]\n'),
    tarSplitFile([{ type: 3 }]),
    gzipSync(`{"type":${'['.repeat(9999)}${']'.repeat(9999)}}`),
    tarSplitFile([{ type: 2, payload: 5 }]),
    tarSplitFile([{ type: 1, name: 'f', size: -1 }]),
    tarSplitFile([{ type: 1, name: 'f', size: 1.5 }]),
    tarSplitFile([{ type: 1, name: 'f', size: 1e300 }]),
    tarSplitFile([{ type: 1, name: '', size: 1 }]),
    tarSplitFile([{ type: 1, size: 1 }]),
    gzipSync(Buffer.alloc(5 * 1024 * 1024, 'x')), // a line that does not end
    Buffer.from('no gzip at all'),
    tarSplitFile([{ type: 2, payload: 'YQ==' }]).subarray(0, -10),
  ])('refuses what is damaged', async (damaged) => {
    await expect(read(damaged)).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' });
  });

  test('says when there is none', async () => {
    const path = join(await temporaryDirectory(), 'missing');
    await expect(readTarSplit(path).next()).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  });
});

test('tarSplitSize counts the bytes of the tar without reading a file', async () => {
  const lines = [
    { type: 2, payload: 'aGVhZGVy' },
    { type: 1, name: 'missing', size: 1000 },
  ];
  expect(await tarSplitSize(await fileWith(tarSplitFile(lines)))).toBe(1006);
});
