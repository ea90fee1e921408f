/** How far the blobs of a push have come: what every display of progress counts. */
import type { Digest } from '../../image/digest.ts';
import type { RenderedEvent } from './renderer.ts';

/** A blob on its way. */
export interface BlobInFlight {
  readonly role: 'layer' | 'config';
  /** Bytes at the source. */
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** Bytes of the source that have been worked off. */
  readonly done: number;
  /** Bytes that went to the destination, also those that went again. */
  readonly sent: number;
}

/** All blobs together; `done` counts what needs no more work, wherever it came from. */
export interface Totals {
  readonly blobs: number;
  readonly blobsDone: number;
  /** Bytes at the source. */
  readonly size: number;
  readonly done: number;
  readonly sent: number;
}

const NOTHING: Totals = { blobs: 0, blobsDone: 0, size: 0, done: 0, sent: 0 };

export class Tally {
  readonly #now: () => number;
  readonly #inFlight = new Map<Digest, BlobInFlight>();
  #ended = NOTHING;

  /** @param now milliseconds since the epoch */
  constructor(now: () => number) {
    this.#now = now;
  }

  get inFlight(): ReadonlyMap<Digest, BlobInFlight> {
    return this.#inFlight;
  }

  totals(): Totals {
    let { done, sent } = this.#ended;
    for (const blob of this.#inFlight.values()) {
      done += Math.max(0, blob.done);
      sent += blob.sent;
    }
    return { ...this.#ended, done, sent };
  }

  /** Takes an event into account. @returns the blob that has ended with it */
  follow(event: RenderedEvent): BlobInFlight | undefined {
    switch (event.kind) {
      case 'blob-total':
        this.#ended = { ...NOTHING, blobs: event.count, size: event.size, sent: this.#ended.sent };
        break;
      case 'blob-start': {
        const { role, size } = event;
        const sent = this.#inFlight.get(event.digest)?.sent ?? 0;
        this.#inFlight.set(event.digest, { role, size, sent, since: this.#now(), done: 0 });
        break;
      }
      case 'blob-bytes':
        this.#change(event.digest, (blob) => ({ ...blob, done: blob.done + event.count }));
        break;
      case 'blob-sent':
        this.#change(event.digest, (blob) => ({ ...blob, sent: blob.sent + event.count }));
        break;
      case 'blob-done':
        return this.#end(event.digest);
      case 'retry':
        // What was on its way begins anew with the next attempt.
        if (event.what !== 'push') break;
        for (const digest of this.#inFlight.keys()) this.#forget(digest);
        break;
      default:
    }
    return undefined;
  }

  #change(digest: Digest, change: (blob: BlobInFlight) => BlobInFlight): void {
    const blob = this.#inFlight.get(digest);
    if (blob) this.#inFlight.set(digest, change(blob));
  }

  #end(digest: Digest): BlobInFlight | undefined {
    const blob = this.#forget(digest);
    if (!blob) return undefined;
    const { blobsDone, done } = this.#ended;
    this.#ended = { ...this.#ended, blobsDone: blobsDone + 1, done: done + blob.size };
    return blob;
  }

  #forget(digest: Digest): BlobInFlight | undefined {
    const blob = this.#inFlight.get(digest);
    this.#inFlight.delete(digest);
    this.#ended = { ...this.#ended, sent: this.#ended.sent + (blob?.sent ?? 0) };
    return blob;
  }
}
