/** Upload sessions, and the signed state in their Locations. */
import { createHash, createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import { digestAlgorithm, finishDigest, type Digest } from '../../../src/image/digest.ts';
import type { StoredBlob } from './repository.ts';

/** What docker distribution packs into the `_state` of a Location. */
export interface UploadState {
  readonly name: string;
  readonly uuid: string;
  /** Bytes that the session held when the Location was given out. */
  readonly offset: number;
}

/** The bytes of one upload so far. */
export class UploadSession {
  readonly uuid = randomUUID();
  readonly repository: string;
  readonly #keepBytes: boolean;
  readonly #hash = createHash('sha256');
  readonly #chunks: Uint8Array[] = [];
  #size = 0;

  constructor(repository: string, storage: 'memory' | 'discard') {
    this.repository = repository;
    this.#keepBytes = storage === 'memory';
  }

  get size(): number {
    return this.#size;
  }

  append(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    this.#size += chunk.length;
    if (this.#keepBytes) this.#chunks.push(chunk);
  }

  /**
   * The blob under its sha256, when the bytes have the claimed digest. Digests of other algorithms
   * can only be checked where the bytes are kept. The session may go on if they do not match.
   */
  complete(claimed: Digest): StoredBlob | undefined {
    const digest = finishDigest(this.#hash.copy());
    if (this.#digestUnder(digestAlgorithm(claimed), digest) !== claimed) return undefined;
    const bytes = this.#keepBytes ? Buffer.concat(this.#chunks) : undefined;
    return { digest, size: this.#size, bytes };
  }

  #digestUnder(algorithm: string, sha256: Digest): Digest {
    if (algorithm === 'sha256') return sha256;
    const hash = createHash(algorithm);
    for (const chunk of this.#chunks) hash.update(chunk);
    return finishDigest(hash, algorithm);
  }
}

/** Signs upload states, so that a client can neither invent nor edit one. */
export class StateSigner {
  readonly #secret = randomBytes(32);

  /** A different text on each call, also for an equal state. */
  pack(state: UploadState): string {
    const payload = Buffer.from(JSON.stringify({ ...state, nonce: randomUUID() }));
    return Buffer.concat([this.#mac(payload), payload]).toString('base64url');
  }

  /** Undefined for anything that {@link pack} did not make. */
  unpack(packed: string): UploadState | undefined {
    const bytes = Buffer.from(packed, 'base64url');
    const mac = bytes.subarray(0, 32);
    const payload = bytes.subarray(32);
    if (mac.length !== 32 || !timingSafeEqual(mac, this.#mac(payload))) return undefined;
    return JSON.parse(payload.toString()) as UploadState;
  }

  #mac(payload: Uint8Array): Buffer {
    return createHmac('sha256', this.#secret).update(payload).digest();
  }
}
