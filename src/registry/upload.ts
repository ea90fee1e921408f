/** Brings blobs to a repository in the fewest round trips, and again when that fails. */
import type { BlobCandidate, BlobIdentity, BlobUpload, StoredBlob } from '../image/blob.ts';
import type { Digest } from '../image/digest.ts';
import { isRefusal } from './answer-error.ts';
import type { RegistryClient } from './client.ts';
import type { HttpResponse } from './http.ts';
import { BlobTransfer } from './transfer.ts';
import { askForUpload, UploadSession } from './upload-session.ts';

/**
 * Bytes from which on a registry is asked twice whether it has a blob: not all answer a mount from
 * the repository itself, and sending so much in vain costs more than a request.
 */
const WORTH_ASKING_TWICE = 1024 * 1024;

/** What a registry answers that has too much to do. */
const TOO_MUCH = new Set<unknown>([429, 503]);

export interface UploadPreview {
  readonly how: StoredBlob['how'];
  readonly requests: number;
}

export class BlobUploader {
  readonly #client: RegistryClient;

  constructor(client: RegistryClient) {
    this.#client = client;
  }

  /**
   * Whatever becomes of it, no session is left behind that could be ended.
   * @throws OcipushError of the last attempt, or what producing the blob failed with
   */
  async upload(blob: BlobUpload): Promise<StoredBlob> {
    const transfer = new BlobTransfer(this.#client, blob);
    const reached = (): number => transfer.furthest;
    try {
      return await this.#client.withRetry(() => this.#attempt(blob, transfer), {
        blob: blob.source,
        reached,
      });
    } catch (error) {
      await transfer.abandon();
      throw error;
    }
  }

  /**
   * What {@link upload} would do, and how many requests it would take. A mount from another
   * repository cannot be tried: it is taken for granted.
   */
  async preview({ candidates, identity }: BlobUpload): Promise<UploadPreview> {
    let requests = 0;
    for (const candidate of candidates) {
      requests += candidate.size >= WORTH_ASKING_TWICE ? 2 : 1;
      if (await this.#isPresent(candidate)) return { how: 'exists', requests };
      const isElsewhere = this.#mountSource(candidate) !== this.#client.repository.path;
      if (isElsewhere) return { how: 'mounted', requests };
    }
    const starting = candidates.length === 0 ? 1 : 0;
    return { how: 'uploaded', requests: requests + starting + (identity ? 1 : 2) };
  }

  /** A registry that has too much to do gets less at once from then on. */
  async #attempt(blob: BlobUpload, transfer: BlobTransfer): Promise<StoredBlob> {
    const { uploads } = this.#client.host;
    return uploads.run(async () => {
      try {
        const stored = await this.#store(blob, transfer);
        uploads.grow();
        return stored;
      } catch (error) {
        if (isRefusal(error) && TOO_MUCH.has(error.context['status'])) uploads.shrink();
        throw error;
      }
    });
  }

  async #store(blob: BlobUpload, transfer: BlobTransfer): Promise<StoredBlob> {
    const resumed = await transfer.resume();
    if (resumed) return { digest: resumed.digest, size: resumed.size, how: 'uploaded' };
    // Asked at every attempt: the one before may have succeeded and only its answer been lost.
    const { produced } = transfer;
    let session: UploadSession | undefined;
    const made: readonly BlobCandidate[] = produced ? [produced] : [];
    for (const candidate of [...made, ...blob.candidates]) {
      await session?.cancel();
      const { digest, size } = candidate;
      const answer = await this.#ask(candidate, this.#mountSource(candidate));
      if (answer === 'exists') return { digest, size, how: answer };
      if (answer === 'mounted') {
        return { digest, size, how: answer, mountedFrom: candidate.origin };
      }
      session = answer;
    }
    const sent = await transfer.begin(session ?? (await UploadSession.start(this.#client)));
    return { digest: sent.digest, size: sent.size, how: 'uploaded' };
  }

  /** The repository to mount from: that of the source on the same registry, else its own. */
  #mountSource({ origin }: BlobCandidate): string {
    const { registry, path } = this.#client.repository;
    if (origin?.registry !== registry || origin.path === path) return path;
    this.#client.alsoReads(origin.path);
    return origin.path;
  }

  /**
   * Asks for a blob by a mount, from its own repository unless it is known to be in another: which
   * is answered either with the blob or with an upload session, the question and the first step of
   * the upload in one round trip.
   */
  async #ask(
    identity: BlobIdentity,
    from: string,
  ): Promise<'exists' | 'mounted' | UploadSession | undefined> {
    const [mount, presence] = await Promise.allSettled([
      this.#mount(identity.digest, from),
      identity.size >= WORTH_ASKING_TWICE ? this.#isPresent(identity) : false,
    ]);
    if (mount.status === 'rejected') throw mount.reason;
    const session = mount.value;
    if (session === 'mounted') return from === this.#client.repository.path ? 'exists' : session;
    if (presence.status === 'fulfilled' && !presence.value) return session;
    await session?.cancel();
    if (presence.status === 'rejected') throw presence.reason;
    return 'exists';
  }

  /** A registry that refuses this, whatever it says, may still take the blob itself. */
  async #mount(digest: Digest, from: string): Promise<'mounted' | UploadSession | undefined> {
    const query = new URLSearchParams({ mount: digest, from });
    const response = await unlessRefused(
      askForUpload(this.#client, `?${query.toString()}`, [201, 202]),
    );
    if (response?.status === 201) return 'mounted';
    return response && new UploadSession(this.#client, response);
  }

  async #isPresent({ digest, size }: BlobIdentity): Promise<boolean> {
    const response = await unlessRefused(
      this.#client.sendOnce({
        method: 'HEAD',
        target: `blobs/${digest}`,
        accept: [200],
        attempt: `checking whether a blob ${digest} exists`,
      }),
    );
    const length = response?.header('content-length');
    return response !== undefined && (length === undefined || Number(length) === size);
  }
}

/** The answer, or undefined when the registry says no: but not when it says to ask later. */
async function unlessRefused(request: Promise<HttpResponse>): Promise<HttpResponse | undefined> {
  try {
    return await request;
  } catch (error) {
    if (isRefusal(error) && error.context['status'] !== 429) return undefined;
    throw error;
  }
}
