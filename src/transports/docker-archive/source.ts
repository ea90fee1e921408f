/** Reads an image out of a `docker save` archive, with a manifest made for it. */
import type { Descriptor } from '../../image/descriptor.ts';
import { digestOf, type Digest } from '../../image/digest.ts';
import { parseImageConfig } from '../../image/image-config.ts';
import { encodeImageManifest } from '../../image/manifest.ts';
import {
  DOCKER_CONFIG,
  DOCKER_LAYER_TAR,
  DOCKER_MANIFEST,
  type Compression,
} from '../../image/media-types.ts';
import { OcipushError } from '../../errors.ts';
import { collect, MIB, single, slice, type ByteRange, type ByteStream } from '../../io/bytes.ts';
import { decompress } from '../../transforms/decompress.ts';
import { detectCompression, MAGIC_LENGTH } from '../../transforms/detect.ts';
import type { TarArchive } from '../tar-archive.ts';
import {
  MANIFEST_LIMIT,
  type ImageReference,
  type ImageSource,
  type RawManifest,
} from '../transport.ts';
import { layerMembers, parseContents, selectItem, type ItemSelector } from './contents.ts';

/** A layer as it is delivered: always plain, for its diff ID is all that the archive says of it. */
interface ArchivedLayer {
  readonly member: string;
  readonly compression: Compression;
  /** Plain bytes. */
  readonly size: number;
}

/** Takes over the archive: it is closed with the source, or when opening fails. */
export async function openDockerArchiveSource(
  reference: ImageReference,
  archive: TarArchive,
  selector: ItemSelector,
): Promise<ImageSource> {
  try {
    const contents = parseContents(await readContents(archive));
    const item = selectItem(contents, selector);
    const config = await archive.readControlFile(item.config, MANIFEST_LIMIT);
    const { diffIDs } = parseImageConfig(config);
    const layers = new Map<Digest, ArchivedLayer>();
    for (const [diffID, member] of layerMembers(item, diffIDs)) {
      layers.set(diffID, await inspectLayer(archive, member));
    }
    return new DockerArchiveSource(reference, archive, { config, diffIDs, layers });
  } catch (error) {
    await archive[Symbol.asyncDispose]();
    throw error;
  }
}

interface ArchivedImage {
  readonly config: Uint8Array;
  readonly diffIDs: readonly Digest[];
  readonly layers: ReadonlyMap<Digest, ArchivedLayer>;
}

class DockerArchiveSource implements ImageSource {
  readonly reference: ImageReference;
  readonly #archive: TarArchive;
  readonly #image: ArchivedImage;
  readonly #configDigest: Digest;

  constructor(reference: ImageReference, archive: TarArchive, image: ArchivedImage) {
    this.reference = reference;
    this.#archive = archive;
    this.#image = image;
    this.#configDigest = digestOf(image.config);
  }

  getManifest(instance?: Descriptor): Promise<RawManifest> {
    if (instance) throw new TypeError('a docker-archive holds no lists');
    const { config, diffIDs, layers } = this.#image;
    const bytes = encodeImageManifest({
      mediaType: DOCKER_MANIFEST,
      namesMediaType: true,
      config: { mediaType: DOCKER_CONFIG, size: config.length, digest: this.#configDigest },
      layers: diffIDs.map((digest) => ({
        mediaType: DOCKER_LAYER_TAR,
        size: layers.get(digest)?.size ?? 0,
        digest,
      })),
    });
    return Promise.resolve({ bytes, mediaType: DOCKER_MANIFEST, digest: digestOf(bytes) });
  }

  getBlob({ digest }: Descriptor, range?: ByteRange): ByteStream {
    if (digest === this.#configDigest) return within(single(this.#image.config), range);
    const layer = this.#image.layers.get(digest);
    if (!layer) throw new OcipushError('BLOB_UNKNOWN', `no blob ${digest} in the archive`);
    if (layer.compression === 'none') return this.#archive.read(layer.member, range);
    return within(decompress(this.#archive.read(layer.member), layer.compression), range);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#archive[Symbol.asyncDispose]();
  }
}

function readContents(archive: TarArchive): Promise<Uint8Array> {
  if (archive.has('manifest.json') || !archive.has('repositories')) {
    return archive.readControlFile('manifest.json', MIB);
  }
  throw new OcipushError('UNSUPPORTED', 'archives from before Docker 1.10 are not supported', {
    hint: 'load it and save it again with a newer docker or podman',
  });
}

/** A compressed layer is read once to learn its plain size. */
async function inspectLayer(archive: TarArchive, member: string): Promise<ArchivedLayer> {
  const start = await collect(
    archive.read(member, { start: 0, end: MAGIC_LENGTH }),
    MAGIC_LENGTH,
    member,
  );
  const compression = detectCompression(start);
  if (compression === 'none') return { member, compression, size: archive.size(member) };
  let size = 0;
  for await (const chunk of decompress(archive.read(member), compression)) size += chunk.length;
  return { member, compression, size };
}

function within(stream: ByteStream, range: ByteRange | undefined): ByteStream {
  return range ? slice(stream, range) : stream;
}
