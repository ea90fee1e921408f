/** Reads an image out of a `dir:` directory. */
import { join } from 'node:path';
import type { PolicyIdentity } from '../../config/policy.ts';
import type { Descriptor } from '../../image/descriptor.ts';
import { OcipushError, wrapError } from '../../errors.ts';
import { digestAlgorithm, digestHex, digestMismatch } from '../../image/digest.ts';
import { MANIFEST_LIMIT, manifestDigest, manifestTypeOf } from '../../image/manifest-type.ts';
import { decodeSignature, type Signature } from '../../image/signature.ts';
import type { ByteRange, ByteStream } from '../../io/bytes.ts';
import { readFileStream, readSmallFile } from '../../io/file-reader.ts';
import { pathScopes } from '../policy-scopes.ts';
import { namedBlob, partError, readEntrance } from '../source-error.ts';
import type { ImageReference, ImageSource, RawManifest } from '../transport.ts';
import { signatureName } from './directory.ts';

/** More than anybody's; an endless number would only fill memory. */
const MAX_SIGNATURES = 128;

/** @throws OcipushError SOURCE_NOT_FOUND, FILE_UNREADABLE, MANIFEST_INVALID, LIMIT_EXCEEDED */
export async function openDirSource(reference: ImageReference, path: string): Promise<ImageSource> {
  const manifest = await readEntrance(
    () => readManifest(join(path, 'manifest.json')),
    'dir: takes the directory that holds manifest.json; for an archive write docker-archive: or oci-archive:',
  );
  const policyIdentity = { transport: 'dir', scopes: await pathScopes(path) };
  return new DirSource(reference, policyIdentity, path, manifest);
}

class DirSource implements ImageSource {
  readonly reference: ImageReference;
  readonly policyIdentity: PolicyIdentity;
  readonly #path: string;
  readonly #manifest: RawManifest;

  constructor(
    reference: ImageReference,
    policyIdentity: PolicyIdentity,
    path: string,
    manifest: RawManifest,
  ) {
    this.reference = reference;
    this.policyIdentity = policyIdentity;
    this.#path = path;
    this.#manifest = manifest;
  }

  async getManifest(instance?: Descriptor): Promise<RawManifest> {
    if (instance === undefined) return this.#manifest;
    const { digest } = instance;
    const path = join(this.#path, `${digestHex(digest)}.manifest.json`);
    try {
      const manifest = await readManifest(path, digestAlgorithm(digest));
      if (manifest.digest === digest) return manifest;
      throw digestMismatch(digest, manifest.digest);
    } catch (error) {
      throw partError(error, `reading manifest ${digest}`);
    }
  }

  getBlob({ digest }: Descriptor, range?: ByteRange): ByteStream {
    return namedBlob(digest, () => readFileStream(join(this.#path, digestHex(digest)), range));
  }

  async getSignatures(
    _manifest: RawManifest,
    instance?: Descriptor,
  ): Promise<readonly Signature[]> {
    const signatures: Signature[] = [];
    for (;;) {
      const path = join(this.#path, signatureName(signatures.length + 1, instance?.digest));
      const blob = await readIfThere(path);
      if (blob === undefined) return signatures;
      signatures.push(decoded(blob, path));
      if (signatures.length > MAX_SIGNATURES) throw tooManySignatures(this.#path);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readSmallFile(path, MANIFEST_LIMIT);
  } catch (error) {
    if (error instanceof OcipushError && error.code === 'FILE_NOT_FOUND') return undefined;
    throw partError(error, 'reading signatures');
  }
}

function decoded(blob: Uint8Array, path: string): Signature {
  try {
    return decodeSignature(blob);
  } catch (error) {
    throw wrapError(error, `reading ${path}`, { code: 'SIGNATURE_INVALID', origin: 'source' });
  }
}

function tooManySignatures(path: string): OcipushError {
  return new OcipushError(
    'LIMIT_EXCEEDED',
    `reading signatures: ${path} has more than ${MAX_SIGNATURES} of one image`,
    { origin: 'source', hint: 'push without them: --remove-signatures' },
  );
}

async function readManifest(path: string, algorithm?: string): Promise<RawManifest> {
  const bytes = await readSmallFile(path, MANIFEST_LIMIT);
  return { bytes, mediaType: manifestTypeOf(bytes), digest: manifestDigest(bytes, algorithm) };
}
