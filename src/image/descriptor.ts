/** Descriptors: the pointers by which manifests name content. */
import type { Digest } from './digest.ts';

/** For blobs that schema 1 manifests name: those tell no sizes. */
export const UNKNOWN_SIZE = Infinity;

/** OCI image-spec descriptor.md; always complete: media type, digest and size (bytes) are known. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly urls?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly data?: string;
  readonly platform?: Platform;
  readonly artifactType?: string;
}

/** OCI image-spec image-index.md, `platform`; `features` exists in Docker lists alone. */
export interface Platform {
  readonly architecture: string;
  readonly os: string;
  readonly 'os.version'?: string;
  readonly 'os.features'?: readonly string[];
  readonly variant?: string;
  readonly features?: readonly string[];
}

/** Has the digest of the table of contents of a zstd:chunked layer. */
export const CHUNKED_ANNOTATION = 'io.github.containers.zstd-chunked.manifest-checksum';

/** zstd:chunked and eStargz lead to single files in the compressed bytes. */
const CONTENTS_TABLE =
  /^(?:io\.github\.containers\.zstd-chunked|io\.containers\.estargz|containerd\.io\/snapshot\/stargz)\b/;

/** Whether a layer, if it is zstd, can be read in parts. */
export function isChunked({ annotations = {} }: Descriptor): boolean {
  return annotations[CHUNKED_ANNOTATION] !== undefined;
}

/** What is true of a layer in another form, too: all but where single files are, and their digests. */
export function withoutContentsTable(
  annotations: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(annotations).filter(([name]) => !CONTENTS_TABLE.test(name)),
  );
}
