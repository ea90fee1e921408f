/** A directory into which an image is written, file by file, each there whole or not at all. */
import { rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { BlobIdentity, BlobProduction, BlobUpload, StoredBlob } from '../image/blob.ts';
import type { Digest } from '../image/digest.ts';
import { messageOf, OcipushError } from '../errors.ts';
import { single, type ByteStream } from '../io/bytes.ts';
import { statPath } from '../io/file-reader.ts';
import { writeNewFile } from '../io/file-writer.ts';
import { makeDirectories, makeDirectory } from '../io/make-directories.ts';
import { systemCode } from '../io/system-error.ts';
import { removeAbandoned, temporaryPath } from '../io/temporary-file.ts';
import { unwritable, writingFrom } from './destination-error.ts';
import type { BlobPreview } from './transport.ts';

export interface FileStoreOptions {
  /** What the names of unfinished files begin with. */
  readonly stem: string;
  readonly signal: AbortSignal;
  /** Whether files must survive a loss of power; true unless told. */
  readonly durable?: boolean;
}

/**
 * Makes a directory where there is none; that above it must exist.
 * @throws OcipushError FILE_UNWRITABLE
 */
export async function makeTopDirectory(path: string): Promise<void> {
  await makeDirectory(path, 0o755).catch((error: unknown) => {
    // The reference looks at what is above first, and says so.
    const attempt =
      systemCode(error) === 'ENOENT' ? `lstat ${dirname(resolve(path))}` : `mkdir ${path}`;
    throw unwritable(error, attempt);
  });
}

/** Paths are relative to the directory; they must be made of checked names and digests alone. */
export class FileStore implements AsyncDisposable {
  readonly root: string;
  readonly #options: FileStoreOptions;
  readonly #closing = new AbortController();
  readonly #signal: AbortSignal;
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(root: string, options: FileStoreOptions) {
    this.root = root;
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#closing.signal]);
  }

  /** Whether there is a regular file of this size; what is in it is not looked at. */
  async has(path: string, size: number): Promise<boolean> {
    const found = await statPath(join(this.root, path)).catch((error: unknown) => {
      throw unwritable(error, `writing to ${this.root}`);
    });
    return found !== undefined && found.isFile() && found.size === size;
  }

  /** Whether one of the candidates of a blob is there. */
  async preview(
    { candidates }: BlobUpload,
    pathOf: (digest: Digest) => string,
  ): Promise<BlobPreview> {
    const found = await this.#find(candidates, pathOf);
    return { how: found ? 'exists' : 'uploaded', requests: 0 };
  }

  /**
   * Stores a blob where `pathOf` says, unless one of its candidates is there already.
   * @throws OcipushError FILE_UNWRITABLE, or of producing the bytes; there is no file then
   */
  async putBlob(blob: BlobUpload, pathOf: (digest: Digest) => string): Promise<StoredBlob> {
    const found = await this.#find(blob.candidates, pathOf);
    if (found) return { ...found, how: 'exists' };
    const production = lazily(() => blob.open());
    await this.#put(production.stream, () => pathOf(production.result().digest));
    const { digest, size } = production.result();
    return { digest, size, how: 'uploaded' };
  }

  /**
   * Makes a file of these bytes, or replaces it.
   * @param confirm is asked last; nothing changes when it says no
   * @returns whether it was confirmed
   * @throws OcipushError FILE_UNWRITABLE; the file is then as it was
   */
  put(path: string, bytes: Uint8Array, confirm?: () => Promise<boolean>): Promise<boolean> {
    return this.#put(single(bytes), () => path, confirm);
  }

  /** Removes what pushes that were killed left here; the image is none the worse for what stays. */
  async removeAbandoned(warn: (message: string) => void): Promise<void> {
    await removeAbandoned(this.root, this.#options.stem).catch((error: unknown) => {
      warn(`removing what an earlier push left in ${this.root}: ${messageOf(error)}`);
    });
  }

  /** Ends what is being written, and leaves no file of it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new OcipushError('ABORTED', 'the destination is closed'));
    await Promise.allSettled(this.#underWay);
  }

  async #find(
    candidates: readonly BlobIdentity[],
    pathOf: (digest: Digest) => string,
  ): Promise<BlobIdentity | undefined> {
    for (const { digest, size } of candidates) {
      if (await this.has(pathOf(digest), size)) return { digest, size };
    }
    return undefined;
  }

  async #put(
    stream: ByteStream,
    path: () => string,
    confirm?: () => Promise<boolean>,
  ): Promise<boolean> {
    const writing = this.#write(stream, path, confirm);
    this.#underWay.add(writing);
    try {
      return await writing;
    } finally {
      this.#underWay.delete(writing);
    }
  }

  async #write(
    stream: ByteStream,
    path: () => string,
    confirm: (() => Promise<boolean>) | undefined,
  ): Promise<boolean> {
    this.#signal.throwIfAborted();
    const { stem, durable } = this.#options;
    const attempt = `writing to ${this.root}`;
    const temporary = await temporaryPath(this.root, stem);
    await writingFrom(stream, attempt, (bytes) =>
      writeNewFile(temporary, bytes, { durable, signal: this.#signal }),
    );
    let isMoved = false;
    try {
      if (confirm !== undefined && !(await confirm())) return false;
      const target = join(this.root, path());
      await makeDirectories(dirname(target), 0o755);
      await rename(temporary, target);
      isMoved = true;
      return true;
    } catch (error) {
      throw unwritable(error, attempt);
    } finally {
      if (!isMoved) await rm(temporary, { force: true });
    }
  }
}

/** Begins to produce when the bytes are asked for: who has begun must see it through. */
function lazily(open: () => BlobProduction): BlobProduction {
  let production: BlobProduction | undefined;
  async function* stream(): ByteStream {
    production = open();
    yield* production.stream;
  }
  return {
    stream: stream(),
    result: () => {
      if (production === undefined) throw new TypeError('the stream has not begun');
      return production.result();
    },
  };
}
