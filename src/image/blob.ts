/** A blob on its way: how its bytes are produced, and what became of them. */
import type { ByteStream } from '../io/bytes.ts';
import { digestAlgorithm, RunningDigest, type Digest } from './digest.ts';

/** What identifies content: its digest, and its size in bytes. */
export interface BlobIdentity {
  readonly digest: Digest;
  readonly size: number;
}

/** A repository at a registry. */
export interface RepositoryName {
  /** `host[:port]` as in references. */
  readonly registry: string;
  readonly path: string;
}

/** Bytes that are being produced, and what they turned out to be. */
export interface BlobProduction {
  readonly stream: ByteStream;
  /** @throws TypeError while the stream has not been taken to its end */
  readonly result: () => ProducedBlob;
  /**
   * What the bytes come to that have been produced until now, though perhaps not taken yet: by that
   * another production can be told to be the same. Undefined where nobody hashes them.
   */
  readonly soFar?: (() => BlobIdentity | undefined) | undefined;
}

/** What bytes turned out to be once they have all been produced. */
export interface ProducedBlob extends BlobIdentity {
  /** What the form of the bytes adds to the descriptor of a layer. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** A blob that may be at the destination already. */
export interface BlobCandidate extends BlobIdentity {
  /** Where it is at a registry, which may link it from there. */
  readonly origin?: RepositoryName | undefined;
}

/** A blob to be stored somewhere. */
export interface BlobUpload {
  /** Its digest at the source, by which people are told of it; unset where it has none there. */
  readonly source?: Digest | undefined;
  readonly mediaType: string;
  /** Any of these will do: a destination that has one of them needs no bytes. */
  readonly candidates: readonly BlobCandidate[];
  /** What `open` produces, where that is certain before it has been produced. */
  readonly identity?: BlobIdentity | undefined;
  /** Begins to produce the bytes, from the first one at every call. */
  open(): BlobProduction;
}

export interface StoredBlob extends BlobIdentity {
  /** `exists`: no byte was moved. `mounted`: linked from another repository. */
  readonly how: 'uploaded' | 'exists' | 'mounted';
  /** What it is linked from. */
  readonly mountedFrom?: RepositoryName | undefined;
}

/** What is stored as it is: `read` checks it on the way, and hashes it by what it is given. */
export function unchanged(
  identity: BlobIdentity,
  read: (running: RunningDigest) => ByteStream,
): BlobProduction {
  const running = new RunningDigest(digestAlgorithm(identity.digest));
  return { stream: read(running), result: () => identity, soFar: () => running.identity() };
}

/** Hashes and counts what passes. */
export function measured(input: ByteStream): BlobProduction {
  const running = new RunningDigest();
  let identity: BlobIdentity | undefined;
  async function* stream(): ByteStream {
    for await (const chunk of input) {
      running.update(chunk);
      yield chunk;
    }
    identity = running.identity();
  }
  return {
    stream: stream(),
    result: () => {
      if (identity === undefined) throw new TypeError('the stream has not ended');
      return identity;
    },
    soFar: () => running.identity(),
  };
}
