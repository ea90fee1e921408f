/** The blob endpoint: is it there, and what are its bytes, whole or in part. */
import { content, empty, failure, text, type Answer } from './answer.ts';
import { asDigest, type Exchange } from './exchange.ts';
import type { Repository, StoredBlob } from './repository.ts';

/** Answers GET and HEAD of one blob; DELETE is switched off, as in the real one by default. */
export function answerBlob(exchange: Exchange, repository: Repository, digest: string): Answer {
  if (asDigest(digest) === undefined) return failure('DIGEST_INVALID', {});
  if (exchange.method === 'DELETE') return failure('UNSUPPORTED');
  const blob = repository.blobs.get(digest);
  return blob === undefined ? failure('BLOB_UNKNOWN', digest) : serve(exchange, blob);
}

function serve(exchange: Exchange, blob: StoredBlob): Answer {
  const etag = `"${blob.digest}"`;
  const headers = {
    'cache-control': 'max-age=31536000',
    'docker-content-digest': blob.digest,
    etag,
  };
  if (exchange.headers['if-none-match'] === etag) return empty(304, headers);
  const described = {
    ...headers,
    'accept-ranges': 'bytes',
    'content-type': 'application/octet-stream',
  };
  if (blob.bytes === undefined) return withoutBytes(exchange, blob, described);
  const range = parseRange(exchange.headers.range, blob.size);
  if (range === undefined) return content(200, blob.bytes, described);
  if (range.first >= range.end) {
    const message = 'invalid range: failed to overlap';
    return text(416, message, { ...headers, 'content-range': `bytes */${blob.size}` });
  }
  return content(206, blob.bytes.subarray(range.first, range.end), {
    ...described,
    'content-range': `bytes ${range.first}-${range.end - 1}/${blob.size}`,
  });
}

function withoutBytes(
  exchange: Exchange,
  blob: StoredBlob,
  headers: Readonly<Record<string, string>>,
): Answer {
  if (exchange.method !== 'HEAD') return failure('UNKNOWN', 'the bytes were discarded');
  return { ...empty(200), headers: { ...headers, 'content-length': String(blob.size) } };
}

/** One range of RFC 9110, 14.1.2; several at once are answered with the whole blob, which is allowed. */
function parseRange(
  header: string | undefined,
  size: number,
): { readonly first: number; readonly end: number } | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === undefined || last === undefined || first + last === '') return undefined;
  if (first === '') return { first: Math.max(0, size - Number(last)), end: size };
  return { first: Number(first), end: last === '' ? size : Math.min(size, Number(last) + 1) };
}
