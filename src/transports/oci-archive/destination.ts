/** Writes an image into a tar file of an OCI layout, which replaces what was there. */
import { readdir, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { BlobUpload, StoredBlob } from '../../image/blob.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import type { Digest } from '../../image/digest.ts';
import { checkWritable, replaceableFile, writeStreamAtomically } from '../../io/atomic-file.ts';
import type { ByteStream } from '../../io/bytes.ts';
import { disposeOnFailure } from '../../io/disposal.ts';
import { readFileStream } from '../../io/file-reader.ts';
import { packTar, type PackedMember } from '../../io/tar-pack.ts';
import { makeTemporaryDirectory, type TemporaryDirectory } from '../../io/temporary-directory.ts';
import { unwritable } from '../destination-error.ts';
import type { LayoutTarget } from '../oci-layout/destination.ts';
import { addEntry, EMPTY_INDEX } from '../oci-layout/index-file.ts';
import { LAYOUT_CAPABILITIES, LayoutWriter } from '../oci-layout/layout-writer.ts';
import type {
  ImageDestination,
  ImageReference,
  RawManifest,
  TransportContext,
} from '../transport.ts';

/** @throws OcipushError FILE_UNWRITABLE */
export async function openOciArchiveDestination(
  reference: ImageReference,
  target: LayoutTarget,
  context: TransportContext,
): Promise<ImageDestination> {
  const layout = await makeLayoutDirectory(target.path, context).catch((error: unknown) => {
    throw unwritable(error, `writing ${target.path}`);
  });
  return disposeOnFailure(layout, async () => {
    const writer = await LayoutWriter.open(layout.path, {
      signal: context.signal,
      durable: false,
    });
    return new OciArchiveDestination(reference, target, writer, layout, context.signal);
  });
}

class OciArchiveDestination implements ImageDestination {
  readonly reference: ImageReference;
  readonly capabilities = LAYOUT_CAPABILITIES;
  readonly #target: LayoutTarget;
  readonly #writer: LayoutWriter;
  readonly #layout: TemporaryDirectory;
  readonly #signal: AbortSignal;
  #entry: Descriptor | undefined;

  constructor(
    reference: ImageReference,
    target: LayoutTarget,
    writer: LayoutWriter,
    layout: TemporaryDirectory,
    signal: AbortSignal,
  ) {
    this.reference = reference;
    this.#target = target;
    this.#writer = writer;
    this.#layout = layout;
    this.#signal = signal;
  }

  /** Whatever the file holds is replaced, other images of it too. */
  currentDigest(): Promise<Digest | undefined> {
    return Promise.resolve(undefined);
  }

  putBlob(blob: BlobUpload): Promise<StoredBlob> {
    return this.#writer.putBlob(blob);
  }

  async putManifest(manifest: RawManifest, instance?: Digest): Promise<void> {
    const entry = await this.#writer.putManifest(manifest, this.#target.name);
    if (instance === undefined) this.#entry = entry;
  }

  async commit(): Promise<void> {
    if (this.#entry === undefined) throw new TypeError('there is no manifest to commit');
    await this.#writer.putIndex(addEntry(EMPTY_INDEX, this.#entry));
    const { path } = this.#target;
    try {
      const tar = packTar(await membersOf(this.#layout.path));
      await writeStreamAtomically(path, tar, { signal: this.#signal });
    } catch (error) {
      throw unwritable(error, `writing ${path}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer[Symbol.asyncDispose]();
    await this.#layout[Symbol.asyncDispose]();
  }
}

/** Stands beside the archive, where its bytes have to find room anyway; not so for a pipe. */
async function makeLayoutDirectory(
  archive: string,
  context: TransportContext,
): Promise<TemporaryDirectory> {
  await checkWritable(archive);
  const file = await replaceableFile(archive);
  const stem = `.${basename(archive)}`;
  const place = file === undefined ? context.temporaryDirectory : dirname(file);
  return makeTemporaryDirectory(place, stem, context.warn);
}

/** All of a layout in the order of the reference. */
async function membersOf(root: string): Promise<readonly PackedMember[]> {
  const members: PackedMember[] = [{ name: 'blobs/' }];
  for (const algorithm of (await readdir(join(root, 'blobs'))).toSorted()) {
    members.push({ name: `blobs/${algorithm}/` });
    for (const hex of (await readdir(join(root, 'blobs', algorithm))).toSorted()) {
      members.push(await fileMember(root, `blobs/${algorithm}/${hex}`));
    }
  }
  return [...members, await fileMember(root, 'index.json'), await fileMember(root, 'oci-layout')];
}

async function fileMember(root: string, name: string): Promise<PackedMember> {
  const path = join(root, name);
  return { name, content: { size: (await stat(path)).size, open: () => takeFile(path) } };
}

/** Removes the file after its last byte, so that the disk need not hold the image twice. */
async function* takeFile(path: string): ByteStream {
  yield* readFileStream(path);
  await unlink(path);
}
