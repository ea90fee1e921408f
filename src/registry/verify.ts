/** Makes sure that a registry has an image: its names, its manifests, and every blob. */
import type { BlobIdentity } from '../image/blob.ts';
import { UNKNOWN_SIZE, type Descriptor } from '../image/descriptor.ts';
import { digestAlgorithm, type Digest } from '../image/digest.ts';
import { parseList } from '../image/list.ts';
import { manifestDigest } from '../image/manifest-type.ts';
import { parseImageManifest } from '../image/manifest.ts';
import { parseSchema1 } from '../image/schema1.ts';
import { isListType, isSchema1Type } from '../image/media-types.ts';
import { OcipushError } from '../errors.ts';
import { createLimiter } from '../io/limiter.ts';
import type { RegistryClient } from './client.ts';
import { findManifest, requireDigest } from './manifests.ts';

/** Questions that are asked at once. */
const QUESTIONS = 6;

interface Manifest {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
  readonly digest: Digest;
}

export interface ExpectedContents {
  /** Tags, or the digest, that must stand for the manifest. */
  readonly names: readonly string[];
  /** Instances of lists that need not be there. */
  readonly absent: ReadonlySet<Digest>;
}

/**
 * Reads manifests back and asks for every blob; the bytes of blobs are not read.
 * @throws OcipushError VERIFICATION_FAILED that names the first fault and how many there are; of the
 * connection
 */
export async function verifyImage(
  client: RegistryClient,
  manifest: Manifest,
  { names, absent }: ExpectedContents,
): Promise<void> {
  const verification = new Verification(client, absent);
  await Promise.all(names.map((name) => verification.name(name, manifest.digest)));
  await verification.manifest(manifest);
  const [first, ...others] = verification.faults;
  if (first === undefined) return;
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  const { registry, path } = client.repository;
  throw new OcipushError('VERIFICATION_FAILED', `verifying ${registry}/${path}: ${first}${more}`, {
    origin: 'destination',
    hint: 'the registry has lost or changed what it accepted: ask whoever runs it',
    context: { faults: verification.faults.length },
  });
}

class Verification {
  readonly faults: string[] = [];
  readonly #client: RegistryClient;
  readonly #absent: ReadonlySet<Digest>;
  readonly #limit = createLimiter(QUESTIONS);
  /** Digests that were asked for: instances share layers. */
  readonly #asked = new Set<Digest>();

  constructor(client: RegistryClient, absent: ReadonlySet<Digest>) {
    this.#client = client;
    this.#absent = absent;
  }

  async name(name: string, digest: Digest): Promise<void> {
    const found = await this.#limit(() => requireDigest(this.#client, name));
    if (found === digest) return;
    this.faults.push(`${name} stands for ${found ?? 'nothing'} instead of ${digest}`);
  }

  /** The manifest as the registry has it, and all that it refers to. */
  async manifest({ bytes, mediaType, digest }: Manifest): Promise<void> {
    const found = await this.#read(digest);
    if (found === undefined) {
      this.faults.push(`manifest ${digest} is not there`);
    } else if (digestLike(digest, found) !== digest) {
      this.faults.push(`manifest ${digest} has other bytes than were pushed`);
    }
    await this.#contents(bytes, mediaType);
  }

  async #contents(bytes: Uint8Array, mediaType: string): Promise<void> {
    if (isListType(mediaType)) {
      const { instances } = parseList(bytes, mediaType);
      await Promise.all(instances.map((instance) => this.#instance(instance)));
      return;
    }
    await Promise.all(blobsIn(bytes, mediaType).map((blob) => this.#blob(blob)));
  }

  async #instance({ digest, size, mediaType }: Descriptor): Promise<void> {
    if (this.#absent.has(digest) || this.#wasAsked(digest)) return;
    const bytes = await this.#read(digest);
    if (bytes === undefined) {
      this.faults.push(`manifest ${digest} is not there`);
    } else if (bytes.length !== size || digestLike(digest, bytes) !== digest) {
      this.faults.push(`manifest ${digest} has other bytes than its list says`);
    } else {
      await this.#contents(bytes, mediaType);
    }
  }

  /** Undefined when it is not there. */
  async #read(digest: Digest): Promise<Uint8Array | undefined> {
    return (await this.#limit(() => findManifest(this.#client, digest)))?.bytes;
  }

  async #blob({ digest, size }: BlobIdentity): Promise<void> {
    if (this.#wasAsked(digest)) return;
    const response = await this.#limit(() =>
      this.#client.send({
        method: 'HEAD',
        target: `blobs/${digest}`,
        accept: [200, 404],
        attempt: `checking blob ${digest}`,
      }),
    );
    const length = response.header('content-length');
    const isSized = size === UNKNOWN_SIZE || length === String(size);
    if (response.status === 404) this.faults.push(`blob ${digest} is not there`);
    else if (!isSized) {
      const found = length ?? 'an unknown number of';
      this.faults.push(`blob ${digest} has ${found} bytes instead of ${size}`);
    }
  }

  #wasAsked(digest: Digest): boolean {
    const wasAsked = this.#asked.has(digest);
    this.#asked.add(digest);
    return wasAsked;
  }
}

/** What must be stored for an image; the oldest format has sizes of nothing. */
function blobsIn(bytes: Uint8Array, mediaType: string): readonly BlobIdentity[] {
  if (isSchema1Type(mediaType)) {
    return parseSchema1(bytes).layers.map(({ digest }) => ({ digest, size: UNKNOWN_SIZE }));
  }
  const { config, layers } = parseImageManifest(bytes, mediaType);
  return [config, ...layers].filter(({ urls = [] }) => urls.length === 0);
}

/** The digest of a manifest under the algorithm of another one. */
function digestLike(digest: Digest, bytes: Uint8Array): Digest {
  return manifestDigest(bytes, digestAlgorithm(digest));
}
