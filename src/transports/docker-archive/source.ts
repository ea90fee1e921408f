/** Reads an image out of a `docker save` archive, with a manifest made for it. */
import type { PolicyIdentity } from '../../config/policy.ts';
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
import { MANIFEST_LIMIT } from '../../image/manifest-type.ts';
import { OcipushError } from '../../errors.ts';
import { collect, MIB, single, slice, type ByteRange, type ByteStream } from '../../io/bytes.ts';
import { disposeOnFailure } from '../../io/disposal.ts';
import { decompress } from '../../transforms/decompress.ts';
import { detectCompression, MAGIC_LENGTH } from '../../transforms/detect.ts';
import { namedBlob, partError, readEntrance } from '../source-error.ts';
import type { TarArchive } from '../tar-archive.ts';
import type { ImageReference, ImageSource, RawManifest } from '../transport.ts';
import { layerMembers, parseContents, selectItem, type ItemSelector } from './contents.ts';

/** A layer as it is delivered: always plain, for its diff ID is all that the archive says of it. */
interface ArchivedLayer {
  readonly member: string;
  readonly compression: Compression;
  /** Plain bytes. */
  readonly size: number;
}

/** That of every image in an archive: a policy has no names for single ones. */
const IN_ARCHIVE: PolicyIdentity = { transport: 'docker-archive', scopes: [] };

/**
 * Takes over the archive: it is closed with the source, or when opening fails.
 * @param policyIdentity of an image that is in an archive only on its way
 * @throws OcipushError SOURCE_NOT_FOUND, ARCHIVE_INVALID, MANIFEST_INVALID, BLOB_UNKNOWN
 */
export function openDockerArchiveSource(
  reference: ImageReference,
  archive: TarArchive,
  selector: ItemSelector,
  policyIdentity: PolicyIdentity = IN_ARCHIVE,
): Promise<ImageSource> {
  return disposeOnFailure(archive, async () => {
    const item = selectItem(parseContents(await readContents(archive)), selector);
    const config = await readConfig(archive, item.config);
    const { diffIDs } = parseImageConfig(config);
    const layers = new Map<Digest, ArchivedLayer>();
    for (const [diffID, member] of layerMembers(item, diffIDs)) {
      layers.set(diffID, await inspectLayer(archive, diffID, member));
    }
    const image = { config, diffIDs, layers };
    return new DockerArchiveSource(reference, policyIdentity, archive, image);
  });
}

interface ArchivedImage {
  readonly config: Uint8Array;
  readonly diffIDs: readonly Digest[];
  readonly layers: ReadonlyMap<Digest, ArchivedLayer>;
}

class DockerArchiveSource implements ImageSource {
  readonly reference: ImageReference;
  readonly policyIdentity: PolicyIdentity;
  readonly #archive: TarArchive;
  readonly #image: ArchivedImage;
  readonly #configDigest: Digest;

  constructor(
    reference: ImageReference,
    policyIdentity: PolicyIdentity,
    archive: TarArchive,
    image: ArchivedImage,
  ) {
    this.reference = reference;
    this.policyIdentity = policyIdentity;
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
    return namedBlob(digest, () => this.#readBlob(digest, range));
  }

  #readBlob(digest: Digest, range: ByteRange | undefined): ByteStream {
    if (digest === this.#configDigest) return within(single(this.#image.config), range);
    const layer = this.#image.layers.get(digest);
    if (!layer) throw new OcipushError('FILE_NOT_FOUND', 'the archive does not name it');
    if (layer.compression === 'none') return this.#archive.read(layer.member, range);
    return within(decompress(this.#archive.read(layer.member), layer.compression), range);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#archive[Symbol.asyncDispose]();
  }
}

function readContents(archive: TarArchive): Promise<Uint8Array> {
  if (archive.has('manifest.json') || !archive.has('repositories')) {
    return readEntrance(
      () => archive.readControlFile('manifest.json', MIB),
      'it is no archive of docker save: for one of an OCI layout write oci-archive:',
    );
  }
  throw new OcipushError('UNSUPPORTED', 'archives from before Docker 1.10 are not supported', {
    origin: 'source',
    hint: 'load it and save it again with a newer docker or podman',
  });
}

async function readConfig(archive: TarArchive, member: string): Promise<Uint8Array> {
  return archive.readControlFile(member, MANIFEST_LIMIT).catch((error: unknown) => {
    throw partError(error, 'reading image config');
  });
}

/** A compressed layer is read once to learn its plain size. */
async function inspectLayer(
  archive: TarArchive,
  diffID: Digest,
  member: string,
): Promise<ArchivedLayer> {
  const range = { start: 0, end: MAGIC_LENGTH };
  const start = namedBlob(diffID, () => archive.read(member, range));
  const compression = detectCompression(await collect(start, MAGIC_LENGTH, member));
  if (compression === 'none') return { member, compression, size: archive.size(member) };
  let size = 0;
  const plain = namedBlob(diffID, () => decompress(archive.read(member), compression));
  for await (const chunk of plain) size += chunk.length;
  return { member, compression, size };
}

function within(stream: ByteStream, range: ByteRange | undefined): ByteStream {
  return range ? slice(stream, range) : stream;
}
