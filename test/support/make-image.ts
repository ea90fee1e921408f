/** Builds small images for tests, the same bytes on every run of the same Node. */
import { createCipheriv, createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import type { Descriptor, Platform } from '../../src/image/descriptor.ts';
import { digestHex, digestOf, type Digest } from '../../src/image/digest.ts';
import {
  DOCKER_CONFIG,
  DOCKER_LAYER_TAR,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  layerTypeWith,
  OCI_CONFIG,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../src/image/media-types.ts';

/** What to build. */
export interface ImageSpec {
  /** Uncompressed tar files, the lowest first: see {@link makeLayer}. */
  readonly layers: readonly Uint8Array[];
  /** How the layers are stored; `none` unless told. */
  readonly compression?: 'none' | 'gzip';
  /** Which media types manifest, config and layers have; `oci` unless told. */
  readonly format?: 'oci' | 'docker';
  /** Of the manifest; only with `oci`. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Fields of the image configuration, over those that are always there. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** linux/amd64 unless told. */
  readonly platform?: Platform;
}

export interface MadeBlob {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

export interface MadeLayer extends MadeBlob {
  /** The digest of the uncompressed tar. */
  readonly diffID: Digest;
}

export interface MadeImage {
  readonly manifest: MadeBlob;
  readonly config: MadeBlob;
  readonly layers: readonly MadeLayer[];
}

export interface MadeIndex {
  readonly index: MadeBlob;
  readonly images: readonly MadeImage[];
}

/** A layout entry without a tag is only found by position. */
interface Tagged {
  readonly tag?: string;
}

/** What a list of images is made of. */
export interface IndexSpec {
  readonly images: readonly ImageSpec[];
  readonly format?: 'oci' | 'docker';
  readonly annotations?: Readonly<Record<string, string>>;
}

type Files = ReadonlyMap<string, Uint8Array>;

const HOST_PLATFORM: Platform = { architecture: 'amd64', os: 'linux' };
const OCI_LAYER_TAR = 'application/vnd.oci.image.layer.v1.tar';
const REF_NAME = 'org.opencontainers.image.ref.name';

/** A tar file with these members in this order; a name that ends in `/` makes a directory. */
export async function makeLayer(
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<Uint8Array> {
  return packTar(Object.entries(files));
}

/** Bytes that do not compress, the same for the same seed. */
export function noise(size: number, seed = 'ocipush'): Uint8Array {
  const key = createHash('sha256').update(seed).digest().subarray(0, 16);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
}

/** An image in memory. */
export function makeImage(spec: ImageSpec): MadeImage {
  const { format = 'oci', compression = 'none', platform = HOST_PLATFORM } = spec;
  const layerType = format === 'oci' ? OCI_LAYER_TAR : DOCKER_LAYER_TAR;
  const mediaType = layerTypeWith(layerType, compression) ?? layerType;
  const layers = spec.layers.map((tar) => ({
    ...blobOf(compression === 'gzip' ? gzipSync(tar) : tar, mediaType),
    diffID: digestOf(tar),
  }));
  const config = jsonBlob(format === 'oci' ? OCI_CONFIG : DOCKER_CONFIG, {
    created: '2024-01-01T00:00:00Z',
    ...platform,
    config: {},
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffID }) => diffID) },
    history: layers.map((_, index) => ({
      created: '2024-01-01T00:00:00Z',
      created_by: `layer ${index}`,
    })),
    ...spec.config,
  });
  const manifestType = format === 'oci' ? OCI_MANIFEST : DOCKER_MANIFEST;
  const manifest = jsonBlob(manifestType, {
    schemaVersion: 2,
    mediaType: manifestType,
    config: config.descriptor,
    layers: layers.map(({ descriptor }) => descriptor),
    annotations: spec.annotations,
  });
  return { manifest, config, layers };
}

/** A multi-architecture list in memory; its instances have the list's format unless told. */
export function makeIndex(spec: IndexSpec): MadeIndex {
  const { format = 'oci' } = spec;
  const mediaType = format === 'oci' ? OCI_INDEX : DOCKER_LIST;
  const images = spec.images.map((image) => makeImage({ format, ...image }));
  const index = jsonBlob(mediaType, {
    schemaVersion: 2,
    mediaType,
    manifests: images.map(({ manifest }, position) => ({
      ...manifest.descriptor,
      platform: spec.images[position]?.platform ?? HOST_PLATFORM,
    })),
    annotations: spec.annotations,
  });
  return { index, images };
}

/** Writes an OCI layout; one that is there gets a further entry. */
export async function writeOciLayout(dir: string, spec: ImageSpec & Tagged): Promise<MadeImage> {
  const image = makeImage(spec);
  await writeFiles(dir, await layoutOf(dir, image.manifest, blobsOf(image), spec.tag));
  return image;
}

/** Writes an OCI layout with a multi-architecture image. */
export async function writeOciIndex(dir: string, spec: IndexSpec & Tagged): Promise<MadeIndex> {
  const made = makeIndex(spec);
  await writeOciBlobs(dir, made.index, made.images.flatMap(blobsOf), spec.tag);
  return made;
}

/** Writes an OCI layout of any content: the manifest or list that its entry names, and its blobs. */
export async function writeOciBlobs(
  dir: string,
  top: MadeBlob,
  blobs: readonly MadeBlob[],
  tag?: string,
): Promise<void> {
  await writeFiles(dir, await layoutOf(dir, top, [top, ...blobs], tag));
}

/** Writes a tar file with an OCI layout, the members in the order of the reference. */
export async function writeOciArchive(path: string, spec: ImageSpec & Tagged): Promise<MadeImage> {
  const image = makeImage(spec);
  const files = await layoutOf(undefined, image.manifest, blobsOf(image), spec.tag);
  const members = [...files].toSorted(([a], [b]) => (a < b ? -1 : 1));
  await writeFile(path, await packTar([['blobs/', ''], ['blobs/sha256/', ''], ...members]));
  return image;
}

/** Writes a directory of the `dir:` transport. */
export async function writeDir(dir: string, spec: ImageSpec): Promise<MadeImage> {
  const image = makeImage(spec);
  const blobs = [image.config, ...image.layers];
  const files = blobs.map(
    ({ descriptor, bytes }) => [digestHex(descriptor.digest), bytes] as const,
  );
  const version = Buffer.from('Directory Transport Version: 1.1\n');
  await writeFiles(
    dir,
    new Map([...files, ['manifest.json', image.manifest.bytes], ['version', version]]),
  );
  return image;
}

/**
 * Writes what `docker save` wrote before Docker 25. The top layer's diffID stands where
 * `repositories` has a legacy image ID, which nobody reads.
 */
export async function writeDockerArchive(
  path: string,
  specs: readonly (ImageSpec & { readonly tags?: readonly string[] })[],
): Promise<readonly MadeImage[]> {
  const members = new Map<string, Uint8Array>();
  const repositories: Record<string, Record<string, string>> = {};
  const made: MadeImage[] = [];
  const entries = specs.map((spec) => {
    const image = makeImage({ format: 'docker', ...spec });
    made.push(image);
    const names = image.layers.map(({ diffID }) => `${digestHex(diffID)}.tar`);
    for (const [index, { bytes }] of image.layers.entries()) members.set(names[index] ?? '', bytes);
    const config = `${digestHex(image.config.descriptor.digest)}.json`;
    members.set(config, image.config.bytes);
    for (const tagged of spec.tags ?? []) {
      const colon = tagged.lastIndexOf(':');
      const tags = (repositories[tagged.slice(0, colon)] ??= {});
      tags[tagged.slice(colon + 1)] = digestHex(
        image.layers.at(-1)?.diffID ?? digestOf(image.config.bytes),
      );
    }
    return { Config: config, RepoTags: spec.tags ?? [], Layers: names };
  });
  members.set('manifest.json', Buffer.from(JSON.stringify(entries)));
  members.set('repositories', Buffer.from(JSON.stringify(repositories)));
  await writeFile(path, await packTar(members));
  return made;
}

async function packTar(
  members: Iterable<readonly [name: string, content: string | Uint8Array]>,
): Promise<Uint8Array> {
  const tar = pack();
  for (const [name, content] of members) {
    const header = { name, uid: 0, gid: 0, mtime: new Date(0) };
    if (name.endsWith('/')) tar.entry({ ...header, type: 'directory', mode: 0o755 });
    else tar.entry({ ...header, mode: 0o644 }, Buffer.from(content));
  }
  tar.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of tar as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Bytes with their descriptor. */
export function blobOf(bytes: Uint8Array, mediaType: string): MadeBlob {
  return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length } };
}

/** A document in JSON with its descriptor. */
export function jsonBlob(mediaType: string, value: unknown): MadeBlob {
  return blobOf(Buffer.from(JSON.stringify(value)), mediaType);
}

/** All that has to be in a layout for an image. */
export function blobsOf({ manifest, config, layers }: MadeImage): readonly MadeBlob[] {
  return [...layers, config, manifest];
}

/** The files of a layout that names `top`, besides the entries of the layout in `dir`. */
async function layoutOf(
  dir: string | undefined,
  top: MadeBlob,
  blobs: readonly MadeBlob[],
  tag: string | undefined,
): Promise<Files> {
  const entry = tag === undefined ? {} : { annotations: { [REF_NAME]: tag } };
  const manifests = [...(await entriesOf(dir)), { ...top.descriptor, ...entry }];
  const files = blobs.map(
    ({ descriptor, bytes }) => [`blobs/sha256/${digestHex(descriptor.digest)}`, bytes] as const,
  );
  return new Map([
    ...files,
    ['index.json', Buffer.from(JSON.stringify({ schemaVersion: 2, manifests }))],
    ['oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}')],
  ]);
}

async function entriesOf(dir: string | undefined): Promise<readonly unknown[]> {
  if (dir === undefined) return [];
  const text = await readFile(join(dir, 'index.json'), 'utf8').catch(() => '{"manifests":[]}');
  return (JSON.parse(text) as { readonly manifests: readonly unknown[] }).manifests;
}

async function writeFiles(dir: string, files: Files): Promise<void> {
  for (const [name, bytes] of files) {
    const path = join(dir, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  }
}
