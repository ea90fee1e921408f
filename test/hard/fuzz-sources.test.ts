/** Whole images on disk, whatever is wrong with them: nothing is delivered but what its digest says. */
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { digestOf, verified } from '../../src/image/digest.ts';
import { parseList } from '../../src/image/list.ts';
import { parseImageManifest } from '../../src/image/manifest.ts';
import { isListType } from '../../src/image/media-types.ts';
import { pathReference } from '../../src/transports/path.ts';
import { parseDirReference } from '../../src/transports/dir/reference.ts';
import type { SourceReference } from '../../src/transports/transport.ts';
import {
  writeDir,
  writeDockerArchive,
  writeOciArchive,
  writeOciLayout,
} from '../support/make-image.ts';
import { sharedDirectory } from '../support/scratch.ts';
import { bytesOf } from '../support/streams.ts';
import { tarOf } from '../support/tar.ts';
import { makeContext } from '../support/transport-context.ts';
import { fuzzAll, refusing } from './fuzz.ts';
import { json } from './json-mutations.ts';
import { bytes, tars } from './mutations.ts';

const directory = await sharedDirectory();
const archive = join(directory, 'archive.tar');
const [layout, dir] = [join(directory, 'layout'), join(directory, 'dir')];
await mkdir(dir);

const layers = [await tarOf([{ name: 'a', content: 'text' }]), await tarOf([{ name: 'b' }])];
await writeDockerArchive(archive, [{ layers, tags: ['a:1'] }]);
const docker = await readFile(archive);
await writeOciArchive(archive, { layers, tag: 'a' });
const oci = await readFile(archive);
const { config } = await writeOciLayout(layout, { layers });
const index = (await readFile(join(layout, 'index.json'))).toString();
const { manifest } = await writeDir(dir, { layers });

const context = makeContext({ temporaryDirectory: directory });
const dockerConfig = Buffer.from(config.bytes).toString();
const [dockerContents = '', ...otherContents] = [
  ['1.tar', '2.tar'],
  ['2.tar', '1.tar'],
  ['1.tar', '3.tar'],
].map((Layers) => JSON.stringify([{ Config: 'config.json', RepoTags: ['a:1'], Layers }]));

/** The text, and the same about what is not there and what is of another size. */
function misfits(text: string): readonly string[] {
  const other = text.replace(/[0-9a-f]{64}/, '0'.repeat(64));
  return [text, text, text, other, text.replaceAll(/"size":\d/g, '"size":9')];
}

const DAMAGE = [
  'ARCHIVE_INVALID',
  'DIGEST_MISMATCH',
  'MANIFEST_INVALID',
  'SOURCE_NOT_FOUND',
] as const;

/** Takes in all of an image, as a push does. */
async function readImage(reference: SourceReference): Promise<void> {
  await using source = await reference.openSource(context);
  let found = await source.getManifest();
  if (isListType(found.mediaType)) {
    const [instance] = parseList(found.bytes, found.mediaType).instances;
    if (instance === undefined) return;
    found = await source.getManifest(instance);
  }
  assert.equal(digestOf(found.bytes, found.digest.split(':')[0]), found.digest);
  const { config: described, layers: blobs } = parseImageManifest(found.bytes, found.mediaType);
  for (const blob of [described, ...blobs]) await bytesOf(verified(source.getBlob(blob), blob));
}

/** Writes the input to a file of an image, and reads that. */
function written(path: string, reference: SourceReference): (input: Uint8Array) => Promise<void> {
  return async (input) => {
    await writeFile(path, input);
    await readImage(reference);
  };
}

const ARCHIVES = [
  refusing('archive of docker save', {
    inputs: tars([docker]),
    read: written(archive, pathReference(archive)),
    refusals: [...DAMAGE, 'BLOB_UNKNOWN', 'UNSUPPORTED'],
  }),
  refusing('archive of an OCI layout', {
    inputs: tars([oci]),
    read: written(archive, pathReference(archive)),
    refusals: [...DAMAGE, 'BLOB_UNKNOWN', 'UNSUPPORTED'],
  }),
  refusing('archive that is compressed', {
    inputs: bytes([gzipSync(docker), gzipSync(oci)]),
    read: written(archive, pathReference(archive)),
    refusals: [...DAMAGE, 'BLOB_UNKNOWN', 'UNSUPPORTED'],
  }),
  refusing('contents of an archive of docker save', {
    inputs: fc.tuple(
      json([dockerContents, dockerContents, ...otherContents, '[]']),
      json([dockerConfig]),
    ),
    read: async ([contents, content]) => {
      const [first = '', second = ''] = layers;
      const members = {
        'manifest.json': contents,
        'config.json': content,
        '1.tar': first,
        '2.tar': second,
      };
      const entries = Object.entries(members).map(([name, each]) => ({ name, content: each }));
      await written(archive, pathReference(archive))(await tarOf(entries));
    },
    refusals: [...DAMAGE, 'BLOB_UNKNOWN'],
  }),
];

const DIRECTORIES = [
  refusing('layout', {
    inputs: json([...misfits(index), '{"schemaVersion":2,"manifests":[]}']),
    read: written(join(layout, 'index.json'), pathReference(layout)),
    refusals: ['BLOB_UNKNOWN', 'DIGEST_MISMATCH', 'MANIFEST_INVALID', 'SOURCE_NOT_FOUND'],
  }),
  refusing('directory of dir:', {
    inputs: json(misfits(Buffer.from(manifest.bytes).toString())),
    read: written(join(dir, 'manifest.json'), parseDirReference(dir)),
    refusals: ['BLOB_UNKNOWN', 'DIGEST_MISMATCH', 'MANIFEST_INVALID'],
  }),
];

fuzzAll('archives of images', ARCHIVES, { suite: 60, night: 1500 });
fuzzAll('directories of images', DIRECTORIES, { suite: 60, night: 1500 });
