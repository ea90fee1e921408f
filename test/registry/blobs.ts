/** Blobs to upload in tests, which count how often they were produced. */
import { measured, type BlobUpload } from '../../src/image/blob.ts';
import { digestOf } from '../../src/image/digest.ts';
import type { ByteStream } from '../../src/io/bytes.ts';

export interface TestBlob extends BlobUpload {
  readonly digest: string;
  /** How often the bytes were begun to be produced. */
  opened(): number;
}

/** What is certain of the blob beforehand; all of it unless told. */
interface Known {
  readonly candidates?: BlobUpload['candidates'];
  readonly isCertain?: boolean;
  /** Bytes of each chunk. */
  readonly chunk?: number;
}

export function blobOf(content: string | Uint8Array, known: Known = {}): TestBlob {
  const bytes = Buffer.from(content);
  const { isCertain = true, chunk = 100_000 } = known;
  const identity = { digest: digestOf(bytes), size: bytes.length };
  let opened = 0;
  async function* stream(): ByteStream {
    for (let position = 0; position < bytes.length; position += chunk) {
      yield bytes.subarray(position, position + chunk);
    }
  }
  return {
    mediaType: 'application/octet-stream',
    source: identity.digest,
    digest: identity.digest,
    candidates: known.candidates ?? (isCertain ? [identity] : []),
    identity: isCertain ? identity : undefined,
    open: () => {
      opened += 1;
      return measured(stream());
    },
    opened: () => opened,
  };
}

/** A blob that is only known when it has been produced. */
export function streamedBlob(content: string | Uint8Array, known: Known = {}): TestBlob {
  return blobOf(content, { ...known, isCertain: false });
}

/** A blob whose bytes end with an error. */
export function failingBlob(content: string, failure: Error, isCertain: boolean): BlobUpload {
  const blob = blobOf(content, { isCertain });
  async function* stream(): ByteStream {
    yield Buffer.from(content).subarray(1);
    throw failure;
  }
  return { ...blob, open: () => measured(stream()) };
}
