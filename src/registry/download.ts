/** Reads blobs from a repository, and goes on where a connection broke. */
import type { BlobIdentity } from '../image/blob.ts';
import { UNKNOWN_SIZE } from '../image/descriptor.ts';
import { OcipushError } from '../errors.ts';
import { slice, type ByteRange, type ByteStream } from '../io/bytes.ts';
import type { RegistryClient } from './client.ts';

/** Breaks in a row without a byte between them, after which it is given up. */
const MAX_FRUITLESS = 4;

/**
 * The bytes of a blob, or of a range of it, not yet verified.
 * @throws OcipushError of the last attempt
 */
export async function* readBlob(
  client: RegistryClient,
  { digest, size }: BlobIdentity,
  { start, end }: ByteRange = { start: 0, end: size },
): ByteStream {
  let position = start;
  for (let fruitless = 0; position < end; fruitless += 1) {
    // Repeats by itself what is worth it: here only what was already coming is gone on with.
    const stream = await request(client, { digest, size }, { start: position, end });
    try {
      for await (const chunk of stream) {
        position += chunk.length;
        fruitless = 0;
        yield chunk;
      }
      // Fewer bytes than the blob should have: whoever verifies it will say so.
      return;
    } catch (error) {
      const mayPass = error instanceof OcipushError && error.retryable;
      if (!mayPass || fruitless === MAX_FRUITLESS) throw error;
    }
  }
}

async function request(
  client: RegistryClient,
  { digest, size }: BlobIdentity,
  range: ByteRange,
): Promise<ByteStream> {
  const isWhole = range.start === 0 && range.end === size;
  const last = range.end === UNKNOWN_SIZE ? '' : range.end - 1;
  const response = await client.send({
    method: 'GET',
    target: `blobs/${digest}`,
    headers: isWhole ? {} : { range: `bytes=${range.start}-${last}` },
    accept: [200, 206],
    streams: [200, 206],
    attempt: `reading blob ${digest}`,
  });
  const stream = response.stream as ByteStream;
  // A server that does not know ranges sends everything; what was asked for whole is read to its
  // end, for else the connection could not be used again.
  return response.status === 200 && !isWhole ? slice(stream, range) : stream;
}
