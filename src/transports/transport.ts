/** What every place an image can be read from or written to has in common. */
import type { BlobUpload, RepositoryName, StoredBlob } from '../image/blob.ts';
import type { PolicyIdentity } from '../config/policy.ts';
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import type { ByteRange, ByteStream } from '../io/bytes.ts';
import type { NamedReference } from '../image/docker-reference.ts';
import type { Signature, SignatureFormat } from '../image/signature.ts';
import type { RegistryOptions } from '../registry/options.ts';

/** Settings of one push that transports may need; the same frozen object goes to all of them. */
export interface TransportContext {
  readonly signal: AbortSignal;
  readonly registry: RegistryOptions;
  /** Where large temporary files go; they have no name while they are used. */
  readonly temporaryDirectory: string;
  readonly standardInput: () => ByteStream;
  /** Of the user's process: it says where configuration and storage are. */
  readonly environment: NodeJS.ProcessEnv;
  /** Told of anything the user should know and the push survives. */
  readonly warn: (message: string) => void;
}

/** A parsed pointer to an image in one transport. `toString` gives back what the user may type. */
export interface ImageReference {
  readonly transport: string;
  toString(): string;
  /** The name by which the image is known, where the transport has one. */
  readonly dockerReference?: NamedReference;
}

export interface SourceReference extends ImageReference {
  openSource(context: TransportContext): Promise<ImageSource>;
}

export interface DestinationReference extends ImageReference {
  /**
   * Begins what takes its time before {@link openDestination} of the returned reference, a connection
   * say, while all else is still being loaded and read. It fails there and not here; nothing is asked
   * yet. There where anything takes time.
   */
  setOut?(context: TransportContext): Promise<DestinationReference & Disposable>;
  /** Changes nothing yet: what is there may only be looked at. */
  openDestination(context: TransportContext): Promise<ImageDestination>;
  /** One destination for both, where they are names in one file that is written as a whole. */
  join?(other: DestinationReference): DestinationReference | undefined;
}

/** Manifest bytes as they are stored; `digest` is that of these bytes. */
export interface RawManifest {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  readonly digest: Digest;
}

/** A manifest that refers to another one. */
export interface Referrer {
  readonly descriptor: Descriptor;
  /** The tag by which it refers, as what cosign attaches; undefined where its `subject` says it. */
  readonly tag?: string;
}

/** Blobs may be read in parallel, and again from the start, as often as it takes. */
export interface ImageSource extends AsyncDisposable {
  readonly reference: ImageReference;
  /** What a signature policy knows the image by; undefined for what it never judges: local storage. */
  readonly policyIdentity: PolicyIdentity | undefined;
  /** Where the image is at a registry: another repository there may mount its blobs. */
  readonly repository?: RepositoryName;
  /** The full name under which the image was found, where a shorter one could be asked for. */
  readonly resolvedName?: NamedReference;
  /**
   * The image or list itself, or one instance of the list, checked against its descriptor where it
   * is delivered as it is stored; at most 4 MiB. Errors say which.
   * @throws OcipushError BLOB_UNKNOWN when the image names it but does not have it
   */
  getManifest(instance?: Descriptor): Promise<RawManifest>;
  /**
   * The bytes as stored, not yet verified: the engine does that for every source. Errors name the
   * blob; BLOB_UNKNOWN when the image does not have it.
   */
  getBlob(descriptor: Descriptor, range?: ByteRange): ByteStream;
  /**
   * The signatures that come with a manifest: that of the image, or of one instance of a list.
   * @throws OcipushError UNSUPPORTED when there are some that the delivered manifest does not match;
   * SIGNATURE_INVALID for one in a format that nobody knows
   */
  getSignatures?(manifest: RawManifest, instance?: Descriptor): Promise<readonly Signature[]>;
  /**
   * What refers to the manifest of this digest, to be read with {@link getManifest} and
   * {@link getBlob}; there where anything can.
   */
  getReferrers?(digest: Digest): Promise<readonly Referrer[]>;
}

/** What the engine must know about a destination; it never asks which transport it is. */
export interface DestinationCapabilities {
  /** Manifest types that can be written, the preferred ones first; without list types, one image. */
  readonly manifestTypes: readonly string[];
  /** What the destination wants done to layers. */
  readonly layerCompression: 'compress' | 'preserve' | 'decompress';
  /** Whether layers may stay where their URLs say; else their bytes are written like any others. */
  readonly acceptsForeignLayers: boolean;
  /** Whether it reads the layers that it gets, and so can hold none that are encrypted. */
  readonly unpacksLayers?: boolean;
  /** Set when the reference names a digest: nothing else can be written there. */
  readonly requiredDigest?: Digest | undefined;
}

export interface BlobPreview {
  readonly how: StoredBlob['how'];
  /** Requests to a registry that it takes. */
  readonly requests: number;
}

export interface AnnouncedBlobs {
  /** Repositories from which some may be linked. */
  readonly origins: readonly RepositoryName[];
  /** How many are not remembered to be at the destination, at most as many as go at once. */
  readonly news: number;
}

export interface ExpectedImage {
  /** Further tags that stand for it. */
  readonly tags: readonly string[];
  /** Instances of lists that were not pushed, and need not be there. */
  readonly absent: ReadonlySet<Digest>;
}

/** What is to become of the signatures of one manifest; each list has a format for every signature. */
export interface SignaturePlan {
  /** In which formats it is looked what is there. */
  readonly asked: readonly SignatureFormat[];
  /** Found there. */
  readonly stored: readonly SignatureFormat[];
  /** Of those, the ones that stand in for new ones. */
  readonly kept: readonly SignatureFormat[];
  readonly added: readonly SignatureFormat[];
}

/** Where a destination keeps signatures. */
export interface SignatureStore {
  /**
   * `apart`: beside the image, which may be there already; its name shows it to everybody at once,
   * and so comes after them. `in-image`: they become visible together with it.
   */
  readonly place: 'apart' | 'in-image';
  /** Those that it can hold at all. */
  readonly formats: readonly SignatureFormat[];
  /**
   * Fails now where {@link put} would fail later, and changes nothing.
   * @throws OcipushError UNSUPPORTED for formats that are not to be stored, FILE_UNWRITABLE, CONFIG_INVALID
   */
  check(formats: readonly SignatureFormat[]): Promise<void>;
  /** Signatures of these formats that are there, as far as the image is not replaced with them. */
  existing(
    manifest: RawManifest,
    formats: readonly SignatureFormat[],
  ): Promise<readonly Signature[]>;
  /** Requests to a registry that all of it takes, from {@link check} to {@link put}; there at a registry. */
  requests?(plans: readonly SignaturePlan[]): Promise<number>;
  /** Stores signatures of the manifest, which is an instance of a list when `instance` is given. */
  put(signatures: readonly Signature[], manifest: RawManifest, instance?: Digest): Promise<void>;
}

export interface ImageDestination extends AsyncDisposable {
  readonly reference: ImageReference;
  readonly capabilities: DestinationCapabilities;
  /** Where the image goes at a registry: other repositories there may give it blobs. */
  readonly repository?: RepositoryName;
  /** There where signatures have a place. */
  readonly signatures?: SignatureStore | undefined;
  /** The digest that the reference points at now; undefined when there is none or it is unknown. */
  currentDigest(): Promise<Digest | undefined>;
  /**
   * The same for certain, or that of a further tag; undefined only when there is none. There where
   * names can be told apart.
   * @throws OcipushError when the destination does not say
   */
  digestOf?(tag?: string): Promise<Digest | undefined>;
  /** Told what is coming before anything is asked: permission and connections take their time. */
  announce?(blobs: AnnouncedBlobs): void;
  /** What {@link putBlob} would do, as far as that can be told without doing it. */
  previewBlob(blob: BlobUpload): Promise<BlobPreview>;
  /** Makes ready to be written to; until then nothing is changed. */
  begin(): Promise<void>;
  putBlob(blob: BlobUpload): Promise<StoredBlob>;
  /** Writes an instance of a list when `instance` is given, else the manifest that is the image. */
  putManifest(manifest: RawManifest, instance?: Digest): Promise<void>;
  /** Makes the image known under one more tag; there where an image can have several. */
  putTag?(manifest: RawManifest, tag: string): Promise<void>;
  /** Writes a manifest that refers to another one by its subject, or by a tag; there where it can. */
  readonly putReferrer?:
    | ((manifest: RawManifest, tag: string | undefined) => Promise<void>)
    | undefined;
  /** Keeps the full name under which the image was found beside its new one. */
  addSourceName?(name: NamedReference): void;
  /** Makes what was written visible. */
  commit(): Promise<void>;
  /**
   * Makes sure that the image can be had: that its names stand for it, and that all it refers to is
   * there in the right size.
   * @throws OcipushError VERIFICATION_FAILED
   */
  verify?(manifest: RawManifest, expected: ExpectedImage): Promise<void>;
}
