/** What can be wished of a push, independent of where it reads and writes, and what comes of it. */
import type { BlobIdentity, RepositoryName, StoredBlob } from '../image/blob.ts';
import type { Descriptor, Platform } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import type { CompressionFormat } from '../image/media-types.ts';
import type { SignatureFormat } from '../image/signature.ts';
import type { Signer } from '../signing/signer.ts';
import type { Recipient } from '../transforms/encrypt/recipient.ts';
import type { LayerAction } from './layers.ts';

/** podman's numbers (containers.conf(5)). */
export const DEFAULT_JOBS = 6;
export const DEFAULT_RETRY = 3;

/** How layers are to be compressed. */
export interface CompressionWish {
  /** Layers in any other form are recoded; unset: what is not compressed becomes gzip. */
  readonly format?: CompressionFormat | undefined;
  /** On the scale of the format; unset means its documented default. */
  readonly level?: number | undefined;
  /** Compress also where a destination would take layers as they are, as `dir:` does. */
  readonly everywhere: boolean;
  /** Layers that are not compressed stay so. */
  readonly keepPlain: boolean;
  /** A layer that the destination has in another compression serves as well. */
  readonly anyVariant: boolean;
  /** The format is a habit, and nobody asked for it: it counts where it can be had. */
  readonly yields?: boolean | undefined;
}

/** How the image is to be signed. */
export interface SigningWish {
  /** In the order in which they sign; each signs every manifest that is written. */
  readonly signers: readonly WishedSigner[];
  /** The docker reference that signatures speak of; unset: those that the image gets. */
  readonly identity?: string | undefined;
}

export interface WishedSigner {
  readonly signer: Signer;
  /** Of the signatures it makes, for destinations do not take both. */
  readonly format: SignatureFormat;
}

/** Who alone is to be able to read layers, and which ones. */
export interface EncryptionWish {
  /** Each can decrypt them with its own key; never empty. */
  readonly recipients: readonly Recipient[];
  /** Positions among the layers of each image, negative from the top; empty: all layers. */
  readonly layers: readonly number[];
}

/** The formats of podman's `--format`. */
export type ImageFormat = 'oci' | 'v2s2' | 'v2s1';

/** A repository that blobs may be linked from. */
export interface MountSource {
  /** Unset: that of the destination, whichever it is. */
  readonly registry?: string | undefined;
  readonly path: string;
}

/** What goes along of all that refers to an image. */
export type ReferrersWish = 'none' | 'signatures' | 'all';

export interface PushOptions {
  readonly compression: CompressionWish;
  readonly encryption?: EncryptionWish | undefined;
  /** Unset: that of the source where the destination takes it. */
  readonly format?: ImageFormat | undefined;
  /** `list`: what is no list is not pushed; `sparse-list`: of a list nothing but itself is. */
  readonly expects: 'any' | 'list' | 'sparse-list';
  /** Of the instance that a destination gets which takes no lists. */
  readonly platform: Platform;
  /** Of the instances of a list that are pushed; empty: all of them. */
  readonly platforms: readonly Platform[];
  /** Forms in which each platform of a list is pushed beside the one it has. */
  readonly addCompression: readonly CompressionFormat[];
  /** Set on the manifest, or the list, that the destination's name stands for. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Nothing is pushed that would have another digest than at the source. */
  readonly preserveDigests: boolean;
  /** Nothing is written; the result says what would be. */
  readonly dryRun: boolean;
  /** The push fails before its manifest is written when that would have another digest. */
  readonly expectDigest?: Digest | undefined;
  /** Further tags of the image beside the one in the destination's name. */
  readonly tags: readonly string[];
  /** Names that stand for another image at the destination make the push fail. */
  readonly noOverwrite: boolean;
  /** What was pushed is read back, as far as that takes no blobs. */
  readonly verify: boolean;
  /** Where else at the registry of a destination blobs may be. */
  readonly mountFrom: readonly MountSource[];
  /** What of all that refers to the image goes along: signatures, attestations, SBOMs. */
  readonly referrers: ReferrersWish;
  /** Leave signatures that come with the image behind. */
  readonly removeSignatures: boolean;
  readonly signing: SigningWish;
  /** Repetitions of the whole push after a failure that may pass; podman's default is 3. */
  readonly retry: number;
  /** Milliseconds between repetitions; unset means 2 s, doubled each time. */
  readonly retryDelay?: number | undefined;
  /** Blobs on their way at once. */
  readonly jobs: number;
}

/** What happened to a blob, or would happen. */
export interface BlobReport {
  readonly role: 'layer' | 'config';
  /** At the source. */
  readonly descriptor: Descriptor;
  readonly action: LayerAction;
  /** Whether it is encrypted, after that. */
  readonly isEncrypted?: boolean | undefined;
  /** Why that, in half a sentence. */
  readonly reason: string;
  /** `referred`: it stays where its URLs say. */
  readonly how: StoredBlob['how'] | 'referred';
  /** At the destination, where it is known what that is. */
  readonly stored?: BlobIdentity | undefined;
  /** How it went; undefined where nothing was done. */
  readonly transfer?: BlobTransfer | undefined;
}

/** How a blob came to its destination. */
export interface BlobTransfer {
  /** What the destination took of it, also what it took again. */
  readonly bytes: number;
  /** From the first question for the blob to the last answer. */
  readonly milliseconds: number;
  /** The repository at the same registry that it is linked from. */
  readonly mountedFrom?: RepositoryName | undefined;
}

/** A signature that was stored. */
export interface SignatureReport {
  /** Of the manifest or list that it is for. */
  readonly digest: Digest;
  readonly format: SignatureFormat;
  /** Bytes. */
  readonly size: number;
}

/** What has come of a push, or would come of it. */
export type PushResult = PushedImage | PushPlan;

export interface PushedImage extends PushSummary {
  readonly status: 'pushed' | 'unchanged';
  /** Of the manifest or list that the destination now has: what a digest file holds. */
  readonly digest: Digest;
  /** Bytes of that manifest. */
  readonly size: number;
}

/** Nothing was written, for nobody asked for more. */
export interface PushPlan extends PushSummary {
  readonly status: 'planned';
  /** Known where nothing has to be compressed, or was before. */
  readonly digest: Digest | undefined;
  readonly size: number | undefined;
}

interface PushSummary {
  readonly mediaType: string;
  /** The destination as it can be typed again. */
  readonly reference: string;
  /** Where that is at a registry. */
  readonly repository?: RepositoryName | undefined;
  /** Every distinct blob of the image; empty when the destination had the whole image already. */
  readonly blobs: readonly BlobReport[];
  readonly signatures: readonly SignatureReport[];
  /** Requests to a registry that a plan takes, unless some must be repeated. */
  readonly requests?: number | undefined;
}
