/** What a push tells while it runs; the engine itself prints nothing. */
import type { StoredBlob } from '../image/blob.ts';
import type { Digest } from '../image/digest.ts';
import type { SignatureFormat } from '../image/signature.ts';
import type { Setback } from '../registry/options.ts';

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
  | {
      readonly kind: 'creating-signature';
      readonly format: SignatureFormat;
      /** Of the signer, from 1; undefined where there is only one. */
      readonly number: number | undefined;
    }
  | { readonly kind: 'storing-signatures' }
  /** What refers to the image is copied; `type` says what it is. */
  | { readonly kind: 'referrer'; readonly digest: Digest; readonly type: string }
  | { readonly kind: 'unchanged'; readonly digest: Digest }
  | {
      readonly kind: 'retry';
      readonly what: 'push';
      /** 1 for the first repetition. */
      readonly attempt: number;
      readonly of: number;
      readonly delayMilliseconds: number;
      readonly error: Error;
    }
  | Setback
  | { readonly kind: 'warning'; readonly message: string };

export interface ProgressSink {
  event(event: ProgressEvent): void;
}
