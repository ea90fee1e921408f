/** Small things that want to become large: in memory, on disk, or in number. */
import { mkdir, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { digestOf } from '../../../src/image/digest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../../src/image/media-types.ts';
import { zstdBinding } from '../../../src/transforms/zstd-library.ts';
import { essenceOf } from '../../support/image-essence.ts';
import {
  blobOf,
  jsonBlob,
  makeImage,
  writeOciBlobs,
  type MadeBlob,
} from '../../support/make-image.ts';
import { BLOCK, headerBlock } from '../../support/tar.ts';
import { times } from '../effort.ts';
import type { HostileCase } from './cases.ts';
import { archiveWith, IMAGE } from './docker-image.ts';

const MIB = 1024 * 1024;

/** MiB of nothing in a bomb. */
const SIZE = times({ suite: 150, night: 2000 });

const LAYER_TAR = 'application/vnd.oci.image.layer.v1.tar';
const RECODE = ['--force-compression', '--compression-level=1'];

/** `head -c 47000000 /dev/zero | bzip2 -9` */
const BZIP2 = Buffer.from(
  '425a68393141592653590e09e2df015f8e4000c0000008200030804d4642a025a90a8097314159265359806f0be100086e4008c00002000008200020a534198c54a0d895283c5dc914e1424271f3397c',
  'hex',
);

/** As much as there is in a bomb, the same for the same number. */
function zeros(number: number): Buffer {
  const bytes = Buffer.alloc(SIZE * MIB);
  bytes.writeUInt32LE(number);
  return bytes;
}

/** With a window of 128 MiB, the largest that is read. */
function zstd(bytes: Uint8Array): Uint8Array {
  const { CCtx, CParameter, compressBound } = zstdBinding();
  const context = new CCtx();
  context.setParameter(CParameter.windowLog, 27);
  const compressed = new Uint8Array(compressBound(bytes.length));
  return compressed.slice(0, context.compress2(compressed, bytes));
}

/** An image of layers that are large when they are plain. */
function bomb(
  name: string,
  plain: readonly Buffer[],
  compress: (bytes: Buffer) => Uint8Array,
  flags: readonly string[],
): HostileCase {
  return {
    name: `${plain.length} layers of ${name}`,
    expects: 'success',
    prepare: async (path) => {
      const layers = plain.map((bytes) => blobOf(compress(bytes), LAYER_TAR));
      const { config, manifest } = imageOf(
        layers,
        plain.map((bytes) => digestOf(bytes)),
      );
      await writeOciBlobs(path('image'), manifest, [config, ...layers]);
      const diffIDs = plain.map((bytes) => digestOf(bytes));
      return { image: { config: digestOf(config.bytes), diffIDs }, flags };
    },
  };
}

function imageOf(
  layers: readonly MadeBlob[],
  diff_ids: readonly string[],
): { config: MadeBlob; manifest: MadeBlob } {
  const config = jsonBlob(IMAGE_CONFIG, {
    os: 'linux',
    architecture: 'amd64',
    rootfs: { type: 'layers', diff_ids },
  });
  const descriptors = layers.map(({ descriptor }) => descriptor);
  const manifest = jsonBlob(OCI_MANIFEST, {
    schemaVersion: 2,
    config: config.descriptor,
    layers: descriptors,
  });
  return { config, manifest };
}

/** Members of no bytes, by as many names. */
function members(count: number): Buffer {
  const tar = Buffer.alloc(count * BLOCK);
  for (let index = 0; index < count; index += 1) tar.set(headerBlock(`f${index}`), index * BLOCK);
  return tar;
}

const IMAGE_CONFIG = makeImage({ layers: [] }).config.descriptor.mediaType;
const TWO = [zeros(1), zeros(2)];
const BZIP2_PLAIN = Buffer.alloc(47_000_000);

/**
 * Of these much has to be kept: windows as large as they may be, which take their memory one after the
 * other, and names.
 */
export const BURDENS: readonly HostileCase[] = [
  bomb('zstd with a window of 128 MiB', TWO, zstd, ['--compression-format=gzip', ...RECODE]),
  bomb('bzip2', [BZIP2_PLAIN], () => BZIP2, ['--compression-format=zstd', ...RECODE]),
  bomb('names', [members((SIZE * MIB) / BLOCK)], (bytes) => gzipSync(bytes), [
    '--compression-format=zstd:chunked',
  ]),
];

/** A document of 4 MiB that is made of one thing over and over. */
function documentOf(
  name: string,
  expects: HostileCase['expects'],
  begin: string,
  part: string,
  end: string,
): HostileCase {
  return {
    name: `a manifest of 4 MiB of ${name}`,
    expects,
    prepare: async (path) => {
      const count = Math.floor((4 * MIB - begin.length - end.length) / part.length);
      const text = `${begin}${part.repeat(count)}${end}`;
      await writeOciBlobs(path('image'), blobOf(Buffer.from(text), OCI_MANIFEST), []);
    },
  };
}

const DESCRIPTOR = JSON.stringify(blobOf(Buffer.from('x'), LAYER_TAR).descriptor);

/** A list of lists, each with the next one ten times. */
function lists(depth: number): readonly MadeBlob[] {
  const image = makeImage({ layers: [] });
  const made: MadeBlob[] = [image.config, image.manifest];
  for (let level = 0; level < depth; level += 1) {
    const manifests = Array(10).fill(made.at(-1)?.descriptor);
    const annotations = { padding: 'x'.repeat(MIB) };
    made.push(
      jsonBlob(OCI_INDEX, { schemaVersion: 2, mediaType: OCI_INDEX, manifests, annotations }),
    );
  }
  return made.toReversed();
}

/** An archive with so many members of no use before its own. */
async function crowded(count: number): Promise<Buffer> {
  return Buffer.concat([members(count), await archiveWith()]);
}

export const BOMBS: readonly HostileCase[] = [
  bomb('gzip', TWO, (bytes) => gzipSync(bytes), ['--compression-format=zstd', ...RECODE]),
  {
    name: 'a gzip archive with a member of nothing',
    expects: 'success',
    prepare: async (path) => {
      const tar = await archiveWith({ last: [{ name: 'bomb', content: zeros(0) }] });
      await writeFile(path('archive'), gzipSync(tar));
      return { source: `docker-archive:${path('archive')}`, image: essenceOf(IMAGE) };
    },
  },
  {
    name: 'an archive of 100,000 members',
    expects: 'success',
    prepare: async (path) => {
      await writeFile(path('archive'), await crowded(99_996));
      return { source: `docker-archive:${path('archive')}`, image: essenceOf(IMAGE) };
    },
  },
  {
    name: 'an archive of 100,001 members',
    expects: 'LIMIT_EXCEEDED',
    prepare: async (path) => {
      await writeFile(path('archive'), await crowded(99_997));
      return { source: `docker-archive:${path('archive')}` };
    },
  },
  documentOf('lists in lists', 'MANIFEST_INVALID', '', '[', ''),
  documentOf('empty objects', 'MANIFEST_INVALID', '{"x":[', '{},', '0]}'),
  documentOf('blanks', 'MANIFEST_INVALID', '{', ' ', '}'),
  documentOf('text', 'MANIFEST_INVALID', '{"x":"', String.raw`\u001b`, '"}'),
  documentOf(
    'layers that are not there',
    'MANIFEST_INVALID',
    `{"schemaVersion":2,"config":${DESCRIPTOR},"layers":[`,
    `${DESCRIPTOR},`,
    `${DESCRIPTOR}]}`,
  ),
  {
    name: '8 lists in each other, each ten times and of 1 MiB',
    expects: 'LIMIT_EXCEEDED',
    prepare: async (path) => {
      const [top, ...others] = lists(8);
      if (top) await writeOciBlobs(path('image'), top, others);
    },
  },
  {
    name: '400 layers, and few files that may be open',
    expects: 'success',
    prepare: async (path) => {
      await mkdir(path('image'));
      const layers = Array.from({ length: 400 }, (_, index) =>
        blobOf(Buffer.from(`layer ${index}`.padEnd(40)), LAYER_TAR),
      );
      const diffIDs = layers.map(({ descriptor }) => descriptor.digest);
      const { config, manifest } = imageOf(layers, diffIDs);
      await writeOciBlobs(path('image'), manifest, [config, ...layers]);
      return {
        image: { config: digestOf(config.bytes), diffIDs },
        flags: ['--accept-uncompressed'],
      };
    },
  },
];
