/** What skopeo finds at a place, in a form that says nothing of how layers happen to be compressed. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { digestHex, digestOf, parseDigest, type Digest } from '../../src/image/digest.ts';
import { parseImageConfig } from '../../src/image/image-config.ts';
import { copy, type Machine, type Place } from './places.ts';

export interface ImageContent {
  /** Without the digests and sizes of its blobs, of which that of the config follows from its bytes. */
  readonly manifest: object;
  /** The bytes. */
  readonly config: string;
  /** Of the layers, which are those that the config names. */
  readonly diffIDs: readonly Digest[];
}

/** Of all images of the list, in its order. */
export interface ListContent {
  /** Without the digests and sizes of the manifests, which follow from those of layers. */
  readonly list: List;
  readonly images: readonly ImageContent[];
}

interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Partial<Descriptor>[];
}

interface List {
  readonly manifests: readonly Partial<Descriptor>[];
}

interface Descriptor {
  readonly digest: string;
  readonly size: number;
}

/** Small enough that one may look at them one by one. */
type Files = (name: string) => Promise<Buffer>;

/**
 * The image, or with `--all` the list.
 * @throws Error when skopeo does not find it whole, or when its layers are not those of its config
 */
export async function contentOf(
  machine: Machine,
  place: Place,
  ...flags: readonly string[]
): Promise<ImageContent | ListContent> {
  const directory = await mkdtemp(join(machine.home.path, 'content-'));
  try {
    await copy(machine, place, { reference: `dir:${directory}` }, ...flags);
    return await topContent((name) => readFile(join(directory, name)));
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function topContent(files: Files): Promise<ImageContent | ListContent> {
  const top = await readJson<Manifest | List>(files, 'manifest.json');
  if ('layers' in top) return imageContent(files, top);
  const images: ImageContent[] = [];
  for (const { digest } of top.manifests) {
    const name = `${hexOf(digest)}.manifest.json`;
    images.push(await imageContent(files, await readJson<Manifest>(files, name)));
  }
  return { list: { ...top, manifests: top.manifests.map(withoutBytes) }, images };
}

async function imageContent(files: Files, manifest: Manifest): Promise<ImageContent> {
  const { digest: configDigest, size } = manifest.config;
  const config = await files(hexOf(configDigest));
  if (configDigest !== digestOf(config) || size !== config.length) {
    throw new Error(`the config is not the one that the manifest names: ${config.toString()}`);
  }
  const diffIDs: Digest[] = [];
  for (const { digest } of manifest.layers) {
    const bytes = await files(hexOf(digest));
    const isGzip = bytes.subarray(0, 2).equals(Buffer.from([0x1f, 0x8b]));
    diffIDs.push(digestOf(isGzip ? gunzipSync(bytes) : bytes));
  }
  if (diffIDs.join(' ') !== parseImageConfig(config).diffIDs.join(' ')) {
    throw new Error(`the layers are ${diffIDs.join(' ')}, the config is ${config.toString()}`);
  }
  return {
    manifest: {
      ...manifest,
      config: withoutBytes(manifest.config),
      layers: manifest.layers.map(withoutBytes),
    },
    config: config.toString('latin1'),
    diffIDs,
  };
}

async function readJson<T>(files: Files, name: string): Promise<T> {
  return JSON.parse((await files(name)).toString()) as T;
}

function hexOf(digest: string | undefined): string {
  return digestHex(parseDigest(digest ?? ''));
}

function withoutBytes({ digest: _digest, size: _size, ...rest }: Partial<Descriptor>): object {
  return rest;
}
