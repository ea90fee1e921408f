/** What a push tells while it runs; the engine itself prints nothing. */
import type { StoredBlob } from '../image/blob.ts';
import type { Digest } from '../image/digest.ts';

/** Blobs are named by their digest at the source, which is the same in all events of a blob. */
export type ProgressEvent =
  /** No destination was named: the image goes to where its own name says. */
  | { readonly kind: 'default-destination'; readonly reference: string }
  | { readonly kind: 'reading-signatures'; readonly of: 'image' | 'list' }
  | { readonly kind: 'list'; readonly copies: number; readonly total: number }
  | {
      readonly kind: 'instance';
      readonly digest: Digest;
      readonly index: number;
      readonly of: number;
      /** Written in another form than the list has it in. */
      readonly isAdded: boolean;
    }
  /** What is about to go: distinct blobs, and their bytes at the source. */
  | { readonly kind: 'blob-total'; readonly count: number; readonly size: number }
  | {
      readonly kind: 'blob-start';
      readonly role: 'layer' | 'config';
      readonly digest: Digest;
      /** Bytes to read at the source, against which `blob-bytes` counts. */
      readonly size: number;
    }
  /** `count` more bytes of the source blob have been worked off; negative when it begins anew. */
  | { readonly kind: 'blob-bytes'; readonly digest: Digest; readonly count: number }
  /** `count` more bytes of the blob as it is stored were taken by the destination, maybe again. */
  | { readonly kind: 'blob-sent'; readonly digest: Digest; readonly count: number }
  | { readonly kind: 'blob-done'; readonly digest: Digest; readonly stored: StoredBlob }
  | { readonly kind: 'writing-manifest'; readonly of: 'image' | 'list' }
  | { readonly kind: 'storing-signatures' }
  | { readonly kind: 'unchanged'; readonly digest: Digest }
  | {
      readonly kind: 'retry';
      /** 1 for the first repetition. */
      readonly attempt: number;
      readonly of: number;
      readonly delayMilliseconds: number;
      readonly error: Error;
    }
  | { readonly kind: 'warning'; readonly message: string };

export interface ProgressSink {
  event(event: ProgressEvent): void;
}
