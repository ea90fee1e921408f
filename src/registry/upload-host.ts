/** What a run learns of how the hosts of registries take uploads. */
import { AdaptiveLimiter } from '../io/adaptive-limiter.ts';
import { MIB } from '../io/bytes.ts';

/**
 * The smallest chunk that a host is reduced to: the limit that nginx has for bodies when nobody sets
 * one.
 */
const SMALLEST_CHUNK = MIB;

/** The first chunk for a host that must have some: a fraction of every limit on bodies but small ones. */
const LARGEST_CHUNK = 16 * MIB;

export class UploadHost {
  /** Whether it takes a body with the PUT that ends an upload. */
  takesSinglePut = true;
  /** Whether connections break there in the middle: each chunk gets one of its own then. */
  isFragile = false;
  /** How many uploads go there at once. */
  readonly uploads = new AdaptiveLimiter();
  #chunkSize: number | undefined;
  /** Set where chunks are not the host's to refuse, for the user wants them. */
  readonly #wished: number | undefined;
  #takesChunks = true;

  /** @param chunkSize bytes; undefined: blobs go in one request until that turns out not to work */
  constructor(chunkSize?: number) {
    this.#chunkSize = chunkSize;
    this.#wished = chunkSize;
  }

  /** The most bytes that a request may carry there. */
  get chunkSize(): number | undefined {
    return this.#chunkSize;
  }

  /** A body of so many bytes was too large. False when smaller chunks are of no use. */
  refusesSize(bytes: number): boolean {
    if (!this.#takesChunks) return false;
    const chunk = Math.min(this.#chunkSize ?? Infinity, LARGEST_CHUNK * 4, bytes) / 4;
    const size = Math.max(SMALLEST_CHUNK, floorToMib(chunk));
    if (size >= bytes || size === this.#chunkSize) return false;
    this.#chunkSize = Math.min(this.#chunkSize ?? Infinity, size);
    return true;
  }

  /**
   * A connection broke when a request had sent so many bytes, and the registry has lost all of them:
   * half of that should go through, if it is the size that matters.
   */
  losesAfter(bytes: number): void {
    if (bytes < SMALLEST_CHUNK || !this.#takesChunks) return;
    const size = Math.max(SMALLEST_CHUNK, floorToMib(bytes / 2));
    this.isFragile = true;
    this.#chunkSize = Math.min(this.#chunkSize ?? LARGEST_CHUNK, size);
  }

  /** Blobs go whole from then on. False when they did already, or chunks are what the user wants. */
  refusesChunks(): boolean {
    if (this.#chunkSize === undefined || this.#wished !== undefined) return false;
    this.#takesChunks = false;
    this.#chunkSize = undefined;
    this.isFragile = false;
    return true;
  }
}

/** One for all destinations and attempts of a run at one host. */
export class UploadHosts {
  readonly #chunkSize: number | undefined;
  readonly #hosts = new Map<string, UploadHost>();

  /** @param chunkSize what all hosts begin with */
  constructor(chunkSize?: number) {
    this.#chunkSize = chunkSize;
  }

  /** @param registry `host[:port]` */
  of(registry: string): UploadHost {
    const host = this.#hosts.get(registry) ?? new UploadHost(this.#chunkSize);
    this.#hosts.set(registry, host);
    return host;
  }
}

function floorToMib(bytes: number): number {
  return Math.floor(bytes / MIB) * MIB;
}
