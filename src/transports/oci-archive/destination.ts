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
import { makeTemporaryDirectory } from '../../io/temporary-directory.ts';
import { unwritable } from '../destination-error.ts';
import type { LayoutTarget } from '../oci-layout/destination.ts';
import { addEntry, EMPTY_INDEX } from '../oci-layout/index-file.ts';
import { LAYOUT_CAPABILITIES, LayoutWriter } from '../oci-layout/layout-writer.ts';
import type {
  BlobPreview,
  ImageDestination,
  ImageReference,
  RawManifest,
  TransportContext,
} from '../transport.ts';

export function openOciArchiveDestination(
  reference: ImageReference,
  target: LayoutTarget,
  context: TransportContext,
): ImageDestination {
  return new OciArchiveDestination(reference, target, context);
}

class OciArchiveDestination implements ImageDestination {
  readonly reference: ImageReference;
  readonly capabilities = LAYOUT_CAPABILITIES;
  readonly #target: LayoutTarget;
  readonly #context: TransportContext;
  readonly #entries: Descriptor[] = [];
  #layout: TemporaryLayout | undefined;

  constructor(reference: ImageReference, target: LayoutTarget, context: TransportContext) {
    this.reference = reference;
    this.#target = target;
    this.#context = context;
  }

  /** Whatever the file holds is replaced, other images of it too. */
  currentDigest(): Promise<Digest | undefined> {
    return Promise.resolve(undefined);
  }

  previewBlob(): Promise<BlobPreview> {
    return Promise.resolve({ how: 'uploaded', requests: 0 });
  }

  async begin(): Promise<void> {
    const { path } = this.#target;
    this.#layout = await makeLayout(path, this.#context).catch((error: unknown) => {
      throw unwritable(error, `writing ${path}`);
    });
  }

  putBlob(blob: BlobUpload): Promise<StoredBlob> {
    return this.#writer.putBlob(blob);
  }

  async putManifest(manifest: RawManifest, instance?: Digest): Promise<void> {
    const entry = await this.#writer.putManifest(manifest, this.#target.name);
    if (instance === undefined) this.#entries.push(entry);
  }

  async putTag(manifest: RawManifest, tag: string): Promise<void> {
    this.#entries.push(await this.#writer.putManifest(manifest, tag));
  }

  async commit(): Promise<void> {
    const layout = this.#layout;
    if (layout === undefined || this.#entries.length === 0) {
      throw new TypeError('there is no manifest to commit');
    }
    await layout.writer.putIndex(this.#entries.reduce(addEntry, EMPTY_INDEX));
    const { path } = this.#target;
    try {
      const tar = packTar(await membersOf(layout.path));
      await writeStreamAtomically(path, tar, { signal: this.#context.signal });
    } catch (error) {
      throw unwritable(error, `writing ${path}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#layout?.[Symbol.asyncDispose]();
  }

  get #writer(): LayoutWriter {
    if (this.#layout === undefined) throw new TypeError('the archive was not begun');
    return this.#layout.writer;
  }
}

interface TemporaryLayout extends AsyncDisposable {
  readonly path: string;
  readonly writer: LayoutWriter;
}

/** Stands beside the archive, where its bytes have to find room anyway; not so for a pipe. */
async function makeLayout(archive: string, context: TransportContext): Promise<TemporaryLayout> {
  await checkWritable(archive);
  const file = await replaceableFile(archive);
  const stem = `.${basename(archive)}`;
  const place = file === undefined ? context.temporaryDirectory : dirname(file);
  const directory = await makeTemporaryDirectory(place, stem, context.warn);
  const { path } = directory;
  const writer = new LayoutWriter(path, { signal: context.signal, durable: false });
  const layout = {
    path,
    writer,
    [Symbol.asyncDispose]: async () => {
      await writer[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
  return disposeOnFailure(layout, async () => {
    await writer.begin();
    return layout;
  });
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
