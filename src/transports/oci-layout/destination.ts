/** Writes an image into an OCI layout directory, beside those that are there. */
import { join } from 'node:path';
import type { BlobUpload, StoredBlob } from '../../image/blob.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import type { Digest } from '../../image/digest.ts';
import { referenceOf } from '../../image/referrers.ts';
import { MANIFEST_LIMIT } from '../../image/manifest-type.ts';
import { OcipushError } from '../../errors.ts';
import { withFileLock } from '../../io/file-lock.ts';
import { readSmallFile } from '../../io/file-reader.ts';
import { unwritable } from '../destination-error.ts';
import { makeTopDirectory } from '../file-store.ts';
import type {
  BlobPreview,
  ImageDestination,
  ImageReference,
  RawManifest,
  SignatureStore,
  TransportContext,
} from '../transport.ts';
import { wholeImageDigest } from '../whole-image.ts';
import { addEntry, EMPTY_INDEX, entryName, parseIndex, type LayoutIndex } from './index-file.ts';
import { LAYOUT_CAPABILITIES, LayoutWriter } from './layout-writer.ts';
import { layoutDirectory } from './layout.ts';
import { LayoutSignatures, type LayoutShelf } from './signatures.ts';
import { openLayoutSource } from './source.ts';

export interface LayoutTarget {
  readonly path: string;
  /** The name of the image in the layout; images may have none. */
  readonly name: string | undefined;
}

export function openLayoutDestination(
  reference: ImageReference,
  target: LayoutTarget,
  context: TransportContext,
): ImageDestination {
  const writer = new LayoutWriter(target.path, { signal: context.signal });
  return new LayoutDestination(reference, target, writer, context);
}

class LayoutDestination implements ImageDestination {
  readonly reference: ImageReference;
  readonly capabilities = LAYOUT_CAPABILITIES;
  readonly #target: LayoutTarget;
  readonly #writer: LayoutWriter;
  readonly #context: TransportContext;
  readonly #entries: Descriptor[] = [];
  /** Beside an image without a name they would have to be told from it. */
  readonly putReferrer: ImageDestination['putReferrer'];
  /** They refer to the image, too. */
  readonly signatures: SignatureStore | undefined;

  constructor(
    reference: ImageReference,
    target: LayoutTarget,
    writer: LayoutWriter,
    context: TransportContext,
  ) {
    this.reference = reference;
    this.#target = target;
    this.#writer = writer;
    this.#context = context;
    const hasReferrers = target.name !== undefined;
    this.putReferrer = hasReferrers ? this.#putReferrer : undefined;
    this.signatures = hasReferrers ? new LayoutSignatures(this.#shelf()) : undefined;
  }

  async currentDigest(): Promise<Digest | undefined> {
    const { path, name } = this.#target;
    const { instances } = await readIndex(path);
    const [only, ...others] = instances;
    // Without a name only a sole entry without one is what a push would leave as it is.
    const isSole = only !== undefined && others.length === 0 && entryName(only) === '';
    if (name === undefined && !isSole) return undefined;
    const selector =
      name === undefined ? ({ by: 'only' } as const) : ({ by: 'name', name } as const);
    return wholeImageDigest(
      () => openLayoutSource(this.reference, layoutDirectory(path), selector),
      (blob) => this.#writer.hasBlob(blob),
    );
  }

  previewBlob(blob: BlobUpload): Promise<BlobPreview> {
    return this.#writer.previewBlob(blob);
  }

  /** The directory above must exist, the last one is made. */
  async begin(): Promise<void> {
    await makeTopDirectory(this.#target.path);
    await this.#writer.begin();
    await this.#writer.removeAbandoned(this.#context.warn);
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

  readonly #putReferrer = async (manifest: RawManifest, tag: string | undefined): Promise<void> => {
    const entry = await this.#writer.putManifest(manifest, tag);
    this.#entries.push(tag === undefined ? referenceOf(manifest).entry : entry);
  };

  #shelf(): LayoutShelf {
    const { path } = this.#target;
    return {
      files: layoutDirectory(path),
      entries: async () => (await readIndex(path)).instances,
      putBlob: ({ descriptor, bytes }) => this.#writer.putBytes(descriptor.digest, bytes),
      putReferrer: (manifest) => this.#putReferrer(manifest, undefined),
    };
  }

  async commit(): Promise<void> {
    const { path } = this.#target;
    if (this.#entries.length === 0) throw new TypeError('there is no manifest to commit');
    try {
      while (!(await this.#addToIndex()));
    } catch (error) {
      throw unwritable(error, `writing ${join(path, 'index.json')}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer[Symbol.asyncDispose]();
  }

  /** @returns false when the lock was lost to another push before anything was changed */
  #addToIndex(): Promise<boolean> {
    const { path } = this.#target;
    const wait = { clock: this.#context.registry.clock, signal: this.#context.signal };
    return withFileLock(join(path, '.index.json.lock'), wait, async (lock) => {
      const index = this.#entries.reduce(addEntry, await readIndex(path));
      return this.#writer.putIndex(index, () => lock.isHeld());
    });
  }
}

/** @throws OcipushError FILE_UNREADABLE, MANIFEST_INVALID, LIMIT_EXCEEDED */
async function readIndex(root: string): Promise<LayoutIndex> {
  try {
    return parseIndex(await readSmallFile(join(root, 'index.json'), MANIFEST_LIMIT));
  } catch (error) {
    if (error instanceof OcipushError && error.code === 'FILE_NOT_FOUND') return EMPTY_INDEX;
    throw unwritable(error, `reading ${join(root, 'index.json')}`);
  }
}
