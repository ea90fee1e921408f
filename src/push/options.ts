/** What can be wished of a push, independent of where it reads and writes. */
import type { StoredBlob } from '../image/blob.ts';
import type { Platform } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';

export interface PushOptions {
  /** gzip level 1 (fastest) to 9 (smallest); unset means podman's default, 5. */
  readonly compressionLevel?: number | undefined;
  /** Of the instance that a destination gets which takes no lists. */
  readonly platform: Platform;
  /** Leave signatures that come with the image behind. */
  readonly removeSignatures: boolean;
  /** Repetitions of the whole push after a failure that may pass; podman's default is 3. */
  readonly retry: number;
  /** Milliseconds between repetitions; unset means 2 s, doubled each time. */
  readonly retryDelay?: number | undefined;
  /** Blobs on their way at once. */
  readonly jobs: number;
}

export interface PushResult {
  /** Of the manifest or list that the destination now has: what a digest file holds. */
  readonly digest: Digest;
  readonly mediaType: string;
  /** Bytes of that manifest. */
  readonly size: number;
  /** The destination as it can be typed again. */
  readonly reference: string;
  /** Every distinct blob of the image; empty when the destination had the whole image already. */
  readonly blobs: readonly StoredBlob[];
}
