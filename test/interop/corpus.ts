/** Small images and lists of every kind: made by real programs, and by hand what those do not make. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Descriptor } from '../../src/image/descriptor.ts';
import { digestHex, type Digest } from '../../src/image/digest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../src/image/media-types.ts';
import { writeOciBlobs, type MadeBlob } from '../support/make-image.ts';
import { MADE_BY_HAND, NOT_COPIED, type Blobs, type Forms, type Parts } from './made-by-hand.ts';
import { filesOfDirectory, filesOfLayout, type Files } from './portrait.ts';
import type { StorageHome } from './storage-home.ts';

export interface CorpusEntry {
  readonly reference: string;
  readonly files: Files;
}

const SCRIPT = join('ocipush', 'test', 'interop', 'corpus.sh');

/** The same for the host's own umoci, which the peers' programs hide. */
const UMOCI_SCRIPT = join(import.meta.dirname, 'corpus-umoci.sh');

/** Made by the scripts. */
export const MADE_BY_PEERS = [
  'buildah-oci',
  'buildah-oci-plain',
  'buildah-oci-zstd',
  'buildah-oci-chunked',
  'buildah-oci-plain.dir',
  'buildah-oci-to-docker.dir',
  'buildah-oci-to-schema1.dir',
  'buildah-docker-plain.dir',
  'buildah-docker.dir',
  'buildah-docker-to-oci',
  'buildah-docker-to-oci-zstd',
  'buildah-docker-to-schema1.dir',
  'buildah-squashed',
  'buildah-untold',
  'buildah-untold-docker.dir',
  'buildah-windows',
  'podman-built',
  'podman-built-zstd',
  'podman-built-plain',
  'podman-built-docker.dir',
  'podman-built-docker-plain.dir',
  'podman-built-to-schema1.dir',
  'podman-imported',
  'podman-imported-plain.dir',
  'podman-imported-to-schema1.dir',
  'podman-list',
  'podman-list-zstd',
  'podman-list-both',
  'podman-list-plain.dir',
  'podman-list-to-docker.dir',
  'podman-list-docker.dir',
  'podman-list-artifact',
  'skopeo-list-to-oci',
  'skopeo-list-to-oci-zstd',
  'skopeo-list-one.dir',
  'oras-helm',
  'oras-wasm',
  'oras-artifact',
  'oras-old-artifact',
  'oras-layers',
  'oras-nothing',
  'umoci',
  'umoci-repacked',
] as const;

/** Makes all of them. */
export async function makeCorpus(
  home: StorageHome,
  urlOf: Parts['urlOf'],
): Promise<ReadonlyMap<string, CorpusEntry>> {
  const directory = join(home.path, 'corpus');
  await home.run('sh', SCRIPT, directory);
  await promisify(execFile)('sh', [UMOCI_SCRIPT, directory]);
  const made = MADE_BY_PEERS.map((name) => [name, entryAt(join(directory, name))] as const);
  const parts = { ...(await partsIn(directory)), urlOf };
  const entries = new Map<string, CorpusEntry>(made);
  for (const [name, make] of Object.entries({ ...MADE_BY_HAND, ...NOT_COPIED })) {
    entries.set(name, await writeEntry(join(directory, wordOf(name)), make(parts)));
  }
  return entries;
}

/** The bytes of a foreign layer, where the reader asks for them. */
export async function foreignLayer(home: StorageHome, digest: Digest): Promise<Buffer> {
  const directory = join(home.path, 'corpus', 'foreign-layer', 'blobs', 'sha256');
  return readFile(join(directory, digestHex(digest)));
}

/** As names of directories and repositories. */
export function wordOf(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9.]+/g, '-');
}

/** Layouts have no images in Docker's format, as skopeo sees it. */
async function writeEntry(path: string, [top, ...blobs]: Blobs): Promise<CorpusEntry> {
  if ([OCI_MANIFEST, OCI_INDEX].includes(top.descriptor.mediaType)) {
    await writeOciBlobs(path, top, blobs, '1');
    return entryAt(path);
  }
  await mkdir(`${path}.dir`);
  const files = blobs.flatMap(({ bytes, descriptor }) => {
    const hex = digestHex(descriptor.digest);
    return [hex, `${hex}.manifest.json`].map((name) => [name, bytes] as const);
  });
  for (const [name, bytes] of [...files, ['manifest.json', top.bytes] as const, VERSION]) {
    await writeFile(join(`${path}.dir`, name), bytes);
  }
  return entryAt(`${path}.dir`);
}

const VERSION = ['version', 'Directory Transport Version: 1.1\n'] as const;

function entryAt(path: string): CorpusEntry {
  return path.endsWith('.dir')
    ? { reference: `dir:${path}`, files: filesOfDirectory(path) }
    : { reference: `oci:${path}:1`, files: filesOfLayout(path) };
}

async function partsIn(directory: string): Promise<Omit<Parts, 'urlOf'>> {
  const read = (name: string) => layersIn(filesOfLayout(join(directory, name)));
  const [none, gzip, zstd] = [
    await read('buildah-oci-plain'),
    await read('buildah-oci'),
    await read('buildah-oci-zstd'),
  ];
  const formsOf = (index: number): Forms => {
    const [plain, zipped, best] = [none[index], gzip[index], zstd[index]];
    if (!plain || !zipped || !best) throw new Error('there are not two layers');
    return { none: plain, gzip: zipped, zstd: best };
  };
  const [one, two] = [formsOf(0), formsOf(1)];
  return {
    one,
    two,
    diffIDs: { one: one.none.descriptor.digest, two: two.none.descriptor.digest },
  };
}

async function layersIn(files: Files): Promise<readonly MadeBlob[]> {
  const { bytes } = await files.top();
  const { layers } = JSON.parse(bytes.toString()) as { readonly layers: readonly Descriptor[] };
  return Promise.all(
    layers.map(async (descriptor) => ({ descriptor, bytes: await files.blob(descriptor.digest) })),
  );
}
