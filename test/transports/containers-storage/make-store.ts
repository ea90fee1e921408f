/** Writes small container storages, as strange as a test needs them. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { StorageConf } from '../../../src/config/storage-conf.ts';
import { digestHex, digestOf, type Digest } from '../../../src/image/digest.ts';
import { OCI_CONFIG, OCI_MANIFEST } from '../../../src/image/media-types.ts';
import { bigDataFileName } from '../../../src/transports/containers-storage/big-data.ts';
import { temporaryDirectory } from '../../support/scratch.ts';

/** A part of a layer's tar: bytes of the tar-split file, or a file of the layer. */
export type LayerPart = Uint8Array | { readonly name: string; readonly content: string };

export interface LayerSpec {
  /** What the tar is made of; need not look like a tar. */
  readonly parts: readonly LayerPart[];
  /** Fields over those of the record; undefined ones are left out. */
  readonly record?: Readonly<Record<string, unknown>>;
  /** Whether the tar-split file is there. */
  readonly tarSplit?: boolean;
}

export interface ImageSpec {
  readonly names?: readonly string[];
  /** Base first; the names of layers written with {@link Storage.layer}. */
  readonly layers?: readonly MadeLayer[];
  /** Items over those of an image of these layers; undefined ones are left out. */
  readonly items?: Readonly<Record<string, string | Uint8Array | undefined>>;
  readonly record?: Readonly<Record<string, unknown>>;
}

export interface MadeLayer {
  readonly id: string;
  readonly tar: Uint8Array;
  readonly diffID: Digest;
}

export interface MadeImage {
  readonly id: string;
  readonly manifest: Uint8Array;
  readonly digest: Digest;
  readonly config: Uint8Array;
}

/** A graph root under construction. */
export interface Storage {
  readonly root: string;
  readonly conf: StorageConf;
  /** The directory with the files of a layer. */
  files(layer: MadeLayer): string;
  layer(spec: LayerSpec, parent?: MadeLayer): Promise<MadeLayer>;
  image(spec: ImageSpec): Promise<MadeImage>;
  /** Writes a file below the root. */
  write(path: string, content: string | Uint8Array): Promise<void>;
}

export async function makeStorage(driver: 'overlay' | 'vfs' = 'overlay'): Promise<Storage> {
  const root = await temporaryDirectory();
  const images: unknown[] = [];
  const layers: Record<string, unknown>[] = [];
  const write: Storage['write'] = async (path, content) => {
    const file = join(root, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  };
  const saveLists = async (): Promise<void> => {
    await write(`${driver}-images/images.json`, JSON.stringify(images));
    await write(`${driver}-layers/layers.json`, JSON.stringify(layers));
  };
  const filesOf = (id: string): string =>
    driver === 'overlay' ? `overlay/${id}/diff` : `vfs/dir/${id}`;
  await write('storage.lock', '');
  await saveLists();
  return {
    root,
    conf: { driver, graphRoot: root, imageStore: undefined, additionalImageStores: [] },
    files: ({ id }) => join(root, filesOf(id)),
    write,
    async layer({ parts, record = {}, tarSplit = true }, parent) {
      const tar = Buffer.concat(
        parts.map((part) => ('name' in part ? Buffer.from(part.content) : part)),
      );
      const diffID = digestOf(tar);
      const id = digestHex(digestOf(Buffer.from(`${parent?.id ?? ''}+${diffID}`)));
      await mkdir(join(root, filesOf(id)), { recursive: true });
      for (const part of parts) {
        if ('name' in part) await write(join(filesOf(id), part.name), part.content);
      }
      if (tarSplit) await write(`${driver}-layers/${id}.tar-split.gz`, tarSplitOf(parts));
      const size = tar.length === 0 ? undefined : tar.length;
      layers.push({ id, parent: parent?.id, 'diff-digest': diffID, 'diff-size': size, ...record });
      await saveLists();
      return { id, tar, diffID };
    },
    async image({ names = [], layers: own = [], items = {}, record = {} }) {
      const made = imageOf(own);
      const all = { [`sha256:${made.id}`]: made.config, manifest: made.manifest, ...items };
      for (const [key, content] of Object.entries(all)) {
        if (content === undefined) continue;
        await write(`${driver}-images/${made.id}/${bigDataFileName(key)}`, content);
      }
      images.push({
        id: made.id,
        digest: made.digest,
        names,
        layer: own.at(-1)?.id,
        'big-data-names': Object.keys(all),
        'big-data-digests': Object.fromEntries(
          Object.entries(all).map(([key, content]) => [key, digestOf(Buffer.from(content ?? ''))]),
        ),
        ...record,
      });
      await saveLists();
      return made;
    },
  };
}

/** The manifest and config that buildah makes for these layers. */
function imageOf(layers: readonly MadeLayer[]): MadeImage {
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: layers.map(({ diffID }) => diffID) },
    }),
  );
  const manifest = manifestOf(
    config,
    layers.map(({ diffID: digest, tar }) => ({ digest, size: tar.length })),
  );
  return { id: digestHex(digestOf(config)), manifest, digest: digestOf(manifest), config };
}

/** A manifest with these layers, of the plain type unless they say another. */
export function manifestOf(config: Uint8Array, layers: readonly object[]): Buffer {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: { mediaType: OCI_CONFIG, digest: digestOf(config), size: config.length },
      layers: layers.map((layer) => ({
        mediaType: 'application/vnd.oci.image.layer.v1.tar',
        ...layer,
      })),
    }),
  );
}

/** A tar-split file as the reference writes it. */
export function tarSplitOf(parts: readonly LayerPart[]): Uint8Array {
  const lines = parts.map((part, position) =>
    'name' in part
      ? { type: 1, name: part.name, size: Buffer.byteLength(part.content), payload: '', position }
      : { type: 2, payload: Buffer.from(part).toString('base64'), position },
  );
  return tarSplitFile(lines);
}

/** A tar-split file of any lines. */
export function tarSplitFile(lines: readonly unknown[]): Uint8Array {
  return gzipSync(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}
