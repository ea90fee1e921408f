/** Remembers what layers became when they were recoded, and which repositories have which blobs. */
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { ProducedBlob, RepositoryName } from '../image/blob.ts';
import { parseDigest, type Digest } from '../image/digest.ts';
import { isJsonObject, type JsonObject } from '../io/bounded-json.ts';
import { JsonLines } from '../io/json-lines.ts';

/** Bytes after which a file is begun anew: some fifty thousand layers. */
const FILE_LIMIT = 8 * 1024 * 1024;

/**
 * What is remembered is a hint, to be checked at the destination: the cache may be lost, old or
 * wrong at any time.
 */
export interface BlobCache {
  /** What `source` became under `codec`. */
  recoded(source: Digest, codec: string): ProducedBlob | undefined;
  /** All that `source` became, by the codec that made it. */
  recodings(source: Digest): ReadonlyMap<string, ProducedBlob>;
  remember(source: Digest, codec: string, result: ProducedBlob): Promise<void>;
  /** The repositories of a registry that have a blob, the one last heard of first. */
  repositories(registry: string, digest: Digest): readonly string[];
  rememberRepository(repository: RepositoryName, digest: Digest): Promise<void>;
}

/** Remembers nothing. */
export const NO_CACHE: BlobCache = {
  recoded: () => undefined,
  recodings: () => new Map(),
  remember: () => Promise.resolve(),
  repositories: () => [],
  rememberRepository: () => Promise.resolve(),
};

/**
 * The cache kept in `directory`: one line of JSON for each thing learned, appended in one write,
 * which is whole for whoever reads at the same time. A cache that cannot be used is an empty one.
 */
export async function openBlobCache(directory: string): Promise<BlobCache> {
  const recodings = new JsonLines(join(directory, 'recoded.jsonl'), FILE_LIMIT);
  const places = new JsonLines(join(directory, 'repositories.jsonl'), FILE_LIMIT);
  const known = new Knowledge();
  await recodings.read((entry) => readRecoding(entry, known));
  await places.read((entry) => readPlace(entry, known));
  return {
    recoded: (source, codec) => known.recodings(source).get(codec),
    recodings: (source) => known.recodings(source),
    remember: async (source, codec, { digest, size, annotations }) => {
      const result = { digest, size, ...(annotations && { annotations }) };
      if (isDeepStrictEqual(known.recodings(source).get(codec), result)) return;
      known.addRecoding(source, codec, result);
      await recodings.append({ source, codec, ...result });
    },
    repositories: (registry, digest) => known.repositories(registry, digest),
    rememberRepository: async ({ registry, path }, digest) => {
      if (known.repositories(registry, digest)[0] === path) return;
      known.addRepository(registry, digest, path);
      await places.append({ registry, path, digest });
    },
  };
}

class Knowledge {
  readonly #recodings = new Map<Digest, Map<string, ProducedBlob>>();
  readonly #repositories = new Map<string, readonly string[]>();

  recodings(source: Digest): ReadonlyMap<string, ProducedBlob> {
    return this.#recodings.get(source) ?? new Map<string, ProducedBlob>();
  }

  addRecoding(source: Digest, codec: string, result: ProducedBlob): void {
    const recodings = this.#recodings.get(source) ?? new Map<string, ProducedBlob>();
    this.#recodings.set(source, recodings.set(codec, result));
  }

  repositories(registry: string, digest: Digest): readonly string[] {
    return this.#repositories.get(`${registry} ${digest}`) ?? [];
  }

  addRepository(registry: string, digest: Digest, path: string): void {
    const others = this.repositories(registry, digest).filter((other) => other !== path);
    this.#repositories.set(`${registry} ${digest}`, [path, ...others]);
  }
}

/** @throws OcipushError DIGEST_INVALID */
function readRecoding(
  { source, codec, digest, size, annotations }: JsonObject,
  to: Knowledge,
): void {
  if (typeof codec !== 'string' || !Number.isSafeInteger(size) || Number(size) < 0) return;
  if (annotations !== undefined && !isStringMap(annotations)) return;
  const result = { digest: readDigest(digest), size: Number(size) };
  to.addRecoding(readDigest(source), codec, {
    ...result,
    ...(annotations && { annotations }),
  });
}

function readPlace({ registry, path, digest }: JsonObject, to: Knowledge): void {
  if (typeof registry !== 'string' || typeof path !== 'string') return;
  to.addRepository(registry, readDigest(digest), path);
}

/** Not String(): of an object there may be no text. */
function readDigest(value: unknown): Digest {
  return parseDigest(typeof value === 'string' ? value : '');
}

function isStringMap(value: unknown): value is Record<string, string> {
  return isJsonObject(value) && Object.values(value).every((each) => typeof each === 'string');
}
