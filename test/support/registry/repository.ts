/** What the registry keeps: blobs, manifests and tags of one repository. */
import { digestOf, type Digest } from '../../../src/image/digest.ts';
import type { StoredSignature } from './signatures.ts';

/** `bytes` is undefined where the registry was told to discard them. */
export interface StoredBlob {
  readonly digest: Digest;
  readonly size: number;
  readonly bytes: Uint8Array | undefined;
}

export interface StoredManifest {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** The content of one repository, for assertions, and ways to prepare it before a push. */
export class Repository {
  readonly name: string;
  /** By digest of what is signed; only where the registry stores signatures. */
  readonly signatures = new Map<string, readonly StoredSignature[]>();
  readonly #blobs = new Map<string, StoredBlob>();
  readonly #manifests = new Map<string, StoredManifest>();
  readonly #tags = new Map<string, Digest>();

  constructor(name: string) {
    this.name = name;
  }

  /** By digest; a blob that was uploaded under another algorithm is there under sha256 as well. */
  get blobs(): ReadonlyMap<string, StoredBlob> {
    return this.#blobs;
  }

  /** By digest. */
  get manifests(): ReadonlyMap<string, StoredManifest> {
    return this.#manifests;
  }

  /** From tag to manifest digest, in the order in which the tags were made. */
  get tags(): ReadonlyMap<string, Digest> {
    return this.#tags;
  }

  /** The manifest of a tag or digest. */
  manifest(reference: string): StoredManifest | undefined {
    return this.#manifests.get(this.#tags.get(reference) ?? reference);
  }

  /** Puts a blob there without a request. */
  addBlob(bytes: Uint8Array): Digest {
    const digest = digestOf(bytes);
    this.link({ digest, size: bytes.length, bytes });
    return digest;
  }

  /** Makes a blob known here; `digest` is the name under which it was uploaded. */
  link(blob: StoredBlob, digest: string = blob.digest): void {
    this.#blobs.set(blob.digest, blob);
    this.#blobs.set(digest, blob);
  }

  /** Loses a blob, as a garbage collection would. */
  removeBlob(digest: string): void {
    this.#blobs.delete(digest);
  }

  /** Puts a manifest there without a request and without a check. */
  addManifest(bytes: Uint8Array, mediaType: string, tag?: string): Digest {
    const digest = digestOf(bytes);
    this.#manifests.set(digest, { mediaType, bytes });
    if (tag !== undefined) this.#tags.set(tag, digest);
    return digest;
  }
}

/** All repositories, made when first asked for. */
export class Repositories {
  readonly #byName = new Map<string, Repository>();

  get(name: string): Repository {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const repository = new Repository(name);
    this.#byName.set(name, repository);
    return repository;
  }
}
