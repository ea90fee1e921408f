/** Remembers what layers became when they were recoded, so that it need not be done again. */
import { appendFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobIdentity } from '../image/blob.ts';
import { parseDigest, type Digest } from '../image/digest.ts';
import { OcipushError } from '../errors.ts';
import { isJsonObject, parseJson } from '../io/bounded-json.ts';
import { readSmallFile } from '../io/file-reader.ts';

/** Bytes after which the file is begun anew: some fifty thousand layers. */
const FILE_LIMIT = 8 * 1024 * 1024;

/**
 * What is remembered is a hint, to be checked at the destination: the cache may be lost, old or
 * wrong at any time.
 */
export interface BlobCache {
  /** What `source` became under `codec`. */
  recoded(source: Digest, codec: string): BlobIdentity | undefined;
  remember(source: Digest, codec: string, result: BlobIdentity): Promise<void>;
}

/** Remembers nothing. */
export const NO_CACHE: BlobCache = {
  recoded: () => undefined,
  remember: () => Promise.resolve(),
};

/**
 * The cache kept in `directory`: one line of JSON for each blob, appended in one write, which is
 * whole for whoever reads at the same time. A cache that cannot be used is an empty one.
 */
export async function openBlobCache(directory: string): Promise<BlobCache> {
  const path = join(directory, 'recoded.jsonl');
  const known = await readEntries(path);
  return {
    recoded: (source, codec) => known.get(key(source, codec)),
    remember: async (source, codec, result) => {
      const { digest, size } = result;
      if (known.get(key(source, codec))?.digest === digest) return;
      known.set(key(source, codec), { digest, size });
      const line = JSON.stringify({ source, codec, digest, size });
      await ignoringFailure(async () => {
        await mkdir(directory, { recursive: true, mode: 0o700 });
        // A line before it that a full disk has cut off must not take this one along.
        await appendFile(path, `\n${line}\n`, { mode: 0o600 });
      });
    },
  };
}

function key(source: Digest, codec: string): string {
  return `${source} ${codec}`;
}

async function readEntries(path: string): Promise<Map<string, BlobIdentity>> {
  const entries = new Map<string, BlobIdentity>();
  for (const line of (await readText(path)).split('\n')) {
    const entry = parseEntry(line);
    if (entry) entries.set(...entry);
  }
  return entries;
}

async function readText(path: string): Promise<string> {
  try {
    return Buffer.from(await readSmallFile(path, FILE_LIMIT)).toString('utf8');
  } catch (error) {
    const isTooLarge = error instanceof OcipushError && error.code === 'LIMIT_EXCEEDED';
    if (isTooLarge) await ignoringFailure(() => rm(path, { force: true }));
    return '';
  }
}

/** A line that another version wrote, or that was cut off, is none of ours. */
function parseEntry(line: string): [string, BlobIdentity] | undefined {
  try {
    const entry = parseJson(Buffer.from(line), 'cache');
    if (!isJsonObject(entry)) return undefined;
    const { source, codec, digest, size } = entry;
    if (typeof codec !== 'string' || !Number.isSafeInteger(size) || Number(size) < 0) {
      return undefined;
    }
    const identity = { digest: parseDigest(String(digest)), size: Number(size) };
    return [key(parseDigest(String(source)), codec), identity];
  } catch {
    return undefined;
  }
}

/** Nothing depends on the cache: a disk that is full or read-only costs time and no more. */
async function ignoringFailure(use: () => Promise<unknown>): Promise<void> {
  await use().catch(() => undefined);
}
