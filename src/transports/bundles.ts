/** Signatures in bundles, wherever a destination keeps what refers to an image. */
import type { Descriptor } from '../image/descriptor.ts';
import { verified, type Digest } from '../image/digest.ts';
import { EMPTY_CONFIG } from '../image/empty-config.ts';
import { parseImageManifest } from '../image/manifest.ts';
import { MANIFEST_LIMIT } from '../image/manifest-type.ts';
import { OCI_MANIFEST } from '../image/media-types.ts';
import { isSignatureArtifact, referenceOf } from '../image/referrers.ts';
import type { Signature } from '../image/signature.ts';
import { OcipushError } from '../errors.ts';
import { collect, type ByteStream } from '../io/bytes.ts';
import type { AttachedBlob } from '../signing/sigstore/attachments.ts';
import { bundleArtifact } from '../signing/sigstore/bundle-artifact.ts';
import { BUNDLE_TYPE } from '../signing/sigstore/bundle.ts';
import type { RawManifest } from './transport.ts';

/** More than anybody's; an endless list would only fill memory. */
const MAX_BUNDLES = 128;

/** Where artifacts are that refer to an image. */
export interface ReferrerShelf {
  /** What is listed for a manifest. */
  list(subject: Digest): Promise<readonly Descriptor[]>;
  /** Undefined where it is listed and not there. */
  findManifest(entry: Descriptor): Promise<RawManifest | undefined>;
  readBlob(blob: Descriptor): ByteStream;
  putBlob(blob: AttachedBlob): Promise<void>;
  /** Also lists it. */
  putManifest(manifest: RawManifest): Promise<void>;
}

export class BundleStore {
  readonly #shelf: ReferrerShelf;
  /** Those that were read here need not be stored again. */
  readonly #read = new WeakSet<Signature>();

  constructor(shelf: ReferrerShelf) {
    this.#shelf = shelf;
  }

  /**
   * The bundles that sign a manifest.
   * @throws OcipushError MANIFEST_INVALID, DIGEST_MISMATCH, LIMIT_EXCEEDED, or of the destination
   */
  async read(subject: Digest): Promise<readonly Signature[]> {
    const found: Signature[] = [];
    for (const listed of await this.#shelf.list(subject)) {
      const manifest = mayBeBundle(listed) ? await this.#shelf.findManifest(listed) : undefined;
      const signature = manifest && (await this.#readSignature(manifest));
      if (signature === undefined) continue;
      if (found.length === MAX_BUNDLES) throw tooMany(subject);
      this.#read.add(signature);
      found.push(signature);
    }
    return found;
  }

  /** Adds bundles to those that are there; the others are left alone. @throws OcipushError of the destination */
  async add(signatures: readonly Signature[], subject: RawManifest): Promise<void> {
    const { mediaType, digest, bytes } = subject;
    for (const signature of signatures) {
      if (signature.format !== 'sigstore-bundle' || this.#read.has(signature)) continue;
      const artifact = bundleArtifact(signature, { mediaType, digest, size: bytes.length });
      for (const blob of artifact.blobs) await this.#shelf.putBlob(blob);
      await this.#shelf.putManifest(artifact.manifest);
      this.#read.add(signature);
    }
  }

  /** Undefined for what is no signature in a bundle. */
  async #readSignature(manifest: RawManifest): Promise<Signature | undefined> {
    const { entry } = referenceOf(manifest);
    const [layer, ...others] = parseImageManifest(manifest.bytes, manifest.mediaType).layers;
    const isBundle = layer?.mediaType === BUNDLE_TYPE && others.length === 0;
    if (!isBundle || !isSignatureArtifact(entry)) return undefined;
    const stream = verified(this.#shelf.readBlob(layer), layer);
    return {
      format: 'sigstore-bundle',
      mediaType: BUNDLE_TYPE,
      payload: await collect(stream, MANIFEST_LIMIT, `bundle ${layer.digest}`),
      annotations: entry.annotations ?? {},
    };
  }
}

/** Where a list under a tag stands in for the registry, cosign 2 writes the type of the config into it. */
function mayBeBundle({ mediaType, artifactType = BUNDLE_TYPE }: Descriptor): boolean {
  const isTyped = artifactType === BUNDLE_TYPE || artifactType === EMPTY_CONFIG.mediaType;
  return mediaType === OCI_MANIFEST && isTyped;
}

function tooMany(subject: Digest): OcipushError {
  return new OcipushError('LIMIT_EXCEEDED', `more than ${MAX_BUNDLES} bundles sign ${subject}`, {
    hint: 'sign with attachments instead: --sign-sigstore-form attachment',
  });
}
