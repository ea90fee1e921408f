/** What an archive of a layout has beyond the layout: `../oci-layout/source.test.ts` has the rest. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { makeLayer, writeOciArchive } from '../../support/make-image.ts';
import { openFiles, temporaryDirectory } from '../../support/scratch.ts';
import { bytesOf } from '../../support/streams.ts';
import { tarOf, type TarEntry } from '../../support/tar.ts';
import { makeContext } from '../../support/transport-context.ts';
import { parseOciArchiveReference } from '../../../src/transports/oci-archive/reference.ts';

let directory = '';
let path = '';

beforeEach(async () => {
  directory = await temporaryDirectory();
  path = join(directory, 'image.tar');
});

describe('parseOciArchiveReference', () => {
  test.each([['/a.tar'], ['a.tar:v1'], ['a:@1']])('oci-archive:%s gives itself back', (text) => {
    const reference = parseOciArchiveReference(text);
    expect(reference.transport).toBe('oci-archive');
    expect(reference.toString()).toBe(`oci-archive:${text}`);
  });

  test.each([[''], [':v1'], ['a:b c'], ['a:@x']])('refuses %j', (text) => {
    expect(() => parseOciArchiveReference(text)).toThrow(
      expect.objectContaining({ code: 'REFERENCE_INVALID' }),
    );
  });
});

test('reads an archive without directory members', async () => {
  const image = await writeOciArchive(path, { layers: [await makeLayer({ a: 'b' })], tag: 'v1' });
  await using source = await parseOciArchiveReference(`${path}:v1`).openSource(makeContext());
  expect((await source.getManifest()).digest).toBe(image.manifest.descriptor.digest);
  for (const { descriptor, bytes } of image.layers) {
    expect(await bytesOf(source.getBlob(descriptor))).toEqual(Buffer.from(bytes));
  }
});

test.each<[string, readonly TarEntry[], string]>([
  [
    'index.json is a link to a host file',
    [{ name: 'index.json', type: 'symlink', linkname: '/etc/passwd' }],
    'SOURCE_NOT_FOUND',
  ],
  ['index.json is a device', [{ name: 'index.json', type: 'character-device' }], 'ARCHIVE_INVALID'],
  [
    'two different index.json',
    [
      { name: 'index.json', content: '{}' },
      { name: './index.json', content: '[]' },
    ],
    'ARCHIVE_INVALID',
  ],
  ['it is one of docker save', [{ name: 'manifest.json', content: '[]' }], 'SOURCE_NOT_FOUND'],
])('refuses an archive where %s', async (_, entries, code) => {
  await writeFile(path, await tarOf(entries));
  await expect(parseOciArchiveReference(path).openSource(makeContext())).rejects.toMatchObject({
    code,
    origin: 'source',
    hint: expect.any(String),
  });
  expect(await openFiles(directory)).toEqual([]);
});
