/** What is at a place, read from its files by nobody's reader, in a form that says nothing of how well layers are compressed. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestHex, digestOf, parseDigest, type Digest } from '../../src/image/digest.ts';
import { EMPTY_LAYER_BYTES } from '../../src/image/empty-layer.ts';
import { manifestDigest } from '../../src/image/manifest-type.ts';
import { isAbsent } from '../../src/io/system-error.ts';
import { decompressAny } from '../../src/transforms/decompress.ts';
import { detectCompression } from '../../src/transforms/detect.ts';
import { bytesOf } from '../support/streams.ts';

/** The files of one place. */
export interface Files {
  /** Of the image or list, with what the place says of it. */
  top(): Promise<{ readonly bytes: Buffer; readonly entry?: object }>;
  manifest(digest: Digest): Promise<Buffer>;
  blob(digest: Digest): Promise<Buffer>;
}

export interface Portrait {
  /** What an index says of it, without digest and size. */
  readonly entry?: object;
  readonly manifest: ManifestPortrait;
}

export type ManifestPortrait = ImagePortrait | ListPortrait | Schema1Portrait;

export interface ImagePortrait {
  /** All its members, with what the layers are instead of their digests. */
  readonly members: string;
  readonly config: string;
  readonly layers: readonly LayerPortrait[];
  /** Whether the source has the very same bytes in its place. */
  readonly isSource: boolean;
}

/** `content`: the digest of the plain bytes, or that there are none. */
export interface LayerPortrait {
  readonly content: Digest | 'absent';
  readonly compression?: string;
  /** That of schema 1, for what changes nothing. */
  readonly isEmpty?: true;
}

interface ListPortrait {
  readonly members: string;
  readonly instances: readonly ManifestPortrait[];
  readonly isSource: boolean;
}

export interface Schema1Portrait {
  readonly payload: string;
  readonly layers: readonly LayerPortrait[];
}

export function filesOfLayout(directory: string): Files {
  const blob = (digest: Digest): Promise<Buffer> =>
    readFile(join(directory, 'blobs', 'sha256', digestHex(digest)));
  return {
    top: async () => {
      const index = JSON.parse(await readFile(join(directory, 'index.json'), 'utf8')) as List;
      const [{ digest, size: _size, ...entry } = missing()] = index.manifests;
      return { bytes: await blob(parseDigest(digest)), entry };
    },
    manifest: blob,
    blob,
  };
}

export function filesOfDirectory(directory: string): Files {
  return {
    top: async () => ({ bytes: await readFile(join(directory, 'manifest.json')) }),
    manifest: (digest) => readFile(join(directory, `${digestHex(digest)}.manifest.json`)),
    blob: (digest) => readFile(join(directory, digestHex(digest))),
  };
}

/** Of a repository in the data directory of docker-registry. */
export function filesOfRepository(dataDir: string, repository: string): Files {
  const root = join(dataDir, 'docker', 'registry', 'v2');
  const tag = join(root, 'repositories', repository, '_manifests', 'tags', '1', 'current', 'link');
  const blob = (digest: Digest): Promise<Buffer> => {
    const hex = digestHex(digest);
    return readFile(join(root, 'blobs', 'sha256', hex.slice(0, 2), hex, 'data'));
  };
  return {
    top: async () => ({ bytes: await blob(parseDigest(await readFile(tag, 'latin1'))) }),
    manifest: blob,
    blob,
  };
}

/** The digests of the manifests of an image, or of a list and all that is in it, from above. */
export async function manifestsIn(files: Files): Promise<readonly Digest[]> {
  const found: Digest[] = [];
  const add = async (bytes: Buffer): Promise<void> => {
    found.push(digestOf(bytes));
    const { manifests = [] } = JSON.parse(bytes.toString()) as Partial<List>;
    for (const { digest } of manifests) await add(await files.manifest(parseDigest(digest)));
  };
  await add((await files.top()).bytes);
  return found;
}

/**
 * @param source what {@link manifestsIn} tells of where it comes from
 * @throws Error when something is missing that should be there, or has another digest
 */
export async function portraitOf(files: Files, source: readonly Digest[]): Promise<Portrait> {
  const { bytes, entry } = await files.top();
  const manifest = await manifestPortrait(files, bytes, source.values());
  return { ...(entry && { entry }), manifest };
}

interface Descriptor {
  readonly digest: string;
  readonly size?: number;
  readonly urls?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
}

interface List {
  readonly manifests: readonly Descriptor[];
}

interface Image {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

interface Schema1 {
  readonly fsLayers: readonly { readonly blobSum: string }[];
  readonly history: readonly { readonly v1Compatibility: string }[];
  readonly signatures?: unknown;
}

async function manifestPortrait(
  files: Files,
  bytes: Buffer,
  source: Iterator<Digest>,
): Promise<ManifestPortrait> {
  const manifest = JSON.parse(bytes.toString()) as List | Image | Schema1;
  const isSource = source.next().value === digestOf(bytes);
  if ('fsLayers' in manifest) return schema1Portrait(files, manifest);
  if ('manifests' in manifest) {
    const instances: ManifestPortrait[] = [];
    for (const { digest } of manifest.manifests) {
      const instance = await files.manifest(parseDigest(digest));
      if (manifestDigest(instance) !== digest) throw new Error(`${digest} has other bytes`);
      instances.push(await manifestPortrait(files, instance, source));
    }
    return { members: listMembers(manifest), instances, isSource };
  }
  const { config, layers } = manifest;
  const found = await Promise.all(layers.map((layer) => layerPortrait(files, layer)));
  const text = await verified(files.blob(parseDigest(config.digest)), config.digest);
  const members = { ...manifest, layers: layers.map(withoutBytes) };
  return {
    members: JSON.stringify(members, undefined, 1),
    config: text.toString('latin1'),
    layers: found,
    isSource,
  };
}

/** Where a digest of a list's own instances stands, it is told by its place. */
function listMembers(list: List): string {
  const digests = list.manifests.map(({ digest }) => digest);
  const manifests = list.manifests.map((descriptor, index) => {
    const { annotations = {}, ...rest } = withoutBytes(descriptor);
    const named = Object.entries(annotations).map(([key, value]) => {
      const place = digests.indexOf(value);
      return [key, place < 0 ? value : `of instance ${place - index} from here`];
    });
    return { ...rest, ...(named.length > 0 && { annotations: Object.fromEntries(named) }) };
  });
  return JSON.stringify({ ...list, manifests }, undefined, 1);
}

/** IDs follow from digests of compressed layers: of them it is told which are equal. */
async function schema1Portrait(files: Files, manifest: Schema1): Promise<Schema1Portrait> {
  const { signatures: _signatures, ...payload } = manifest;
  const ids: string[] = [];
  const history = manifest.history.map(({ v1Compatibility }) =>
    v1Compatibility.replaceAll(/"(id|parent)":"([0-9a-f]{64})"/g, (_, key: string, id: string) => {
      if (!ids.includes(id)) ids.push(id);
      return `"${key}":${ids.indexOf(id)}`;
    }),
  );
  const sums = manifest.fsLayers.map(({ blobSum }) => ({ digest: blobSum }));
  const layers = await Promise.all(sums.map((layer) => layerPortrait(files, layer)));
  return { payload: JSON.stringify({ ...payload, fsLayers: [], history }, undefined, 1), layers };
}

async function layerPortrait(files: Files, layer: Descriptor): Promise<LayerPortrait> {
  const bytes = await files.blob(parseDigest(layer.digest)).catch((error: unknown) => {
    if (isAbsent(error) && layer.urls !== undefined) return undefined;
    throw error;
  });
  if (bytes === undefined) return { content: 'absent' };
  if (layer.size !== undefined && layer.size !== bytes.length) throw new Error('a wrong size');
  await verified(Promise.resolve(bytes), layer.digest);
  let portrait = layers.get(layer.digest);
  if (portrait === undefined) layers.set(layer.digest, (portrait = plainPortrait(bytes)));
  return portrait;
}

/** By the digests of the compressed bytes. */
const layers = new Map<string, Promise<LayerPortrait>>();

async function plainPortrait(bytes: Buffer): Promise<LayerPortrait> {
  const plain = await bytesOf(decompressAny(once(bytes)));
  const isEmpty = bytes.equals(EMPTY_LAYER_BYTES);
  const compression = detectCompression(bytes);
  return { content: digestOf(plain), compression, ...(isEmpty && { isEmpty }) };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function verified(reading: Promise<Buffer>, digest: string): Promise<Buffer> {
  const bytes = await reading;
  const found = digestOf(bytes);
  if (found !== digest) throw new Error(`${digest} is in truth ${found}`);
  return bytes;
}

/** What zstd:chunked says of the bytes is told by its names alone. */
function withoutBytes({ digest: _digest, size: _size, ...rest }: Descriptor): Partial<Descriptor> {
  if (rest.annotations === undefined) return rest;
  const annotations = Object.entries(rest.annotations).map(([name, value]) => [
    name,
    name.startsWith(ZSTD_CHUNKED) ? 'of these bytes' : value,
  ]);
  return { ...rest, annotations: Object.fromEntries(annotations) as Record<string, string> };
}

const ZSTD_CHUNKED = 'io.github.containers.zstd-chunked.';

function missing(): never {
  throw new Error('the index is empty');
}
