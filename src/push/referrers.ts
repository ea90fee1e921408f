/** Brings along what refers to an image: signatures, attestations, SBOMs. */
import { unchanged } from '../image/blob.ts';
import type { Descriptor } from '../image/descriptor.ts';
import { verified, type Digest } from '../image/digest.ts';
import { parseImageManifest } from '../image/manifest.ts';
import { isListType } from '../image/media-types.ts';
import { isSignatureArtifact, isSignatureTag, referenceOf } from '../image/referrers.ts';
import { OcipushError, wrapError } from '../errors.ts';
import { MIB } from '../io/bytes.ts';
import type {
  ImageDestination,
  ImageSource,
  RawManifest,
  Referrer,
} from '../transports/transport.ts';
import type { PushOptions } from './options.ts';
import type { PushSession } from './session.ts';

/** Far more than an image has: who lists more wants to keep us busy. */
const MAX_REFERRERS = 1000;
/** Bytes that their manifests may have, for all are held until the image is written. */
const MANIFESTS_LIMIT = 64 * MIB;

export interface FoundReferrer {
  readonly manifest: RawManifest;
  readonly tag: string | undefined;
  /** Of its artifact, for people. */
  readonly type: string;
}

/** @throws OcipushError UNSUPPORTED when they are wanted where they cannot be, from or to */
export function checkReferrers(
  source: ImageSource,
  destination: ImageDestination,
  { referrers }: PushOptions,
): void {
  if (referrers === 'none') return;
  if (!source.getReferrers) throw unsupported(`${source.reference.toString()} has no referrers`);
  if (destination.putReferrer) return;
  throw unsupported(`${destination.reference.toString()} takes no referrers`);
}

function unsupported(message: string): OcipushError {
  return new OcipushError('UNSUPPORTED', message, {
    origin: 'usage',
    hint: 'leave out --referrers: they go between registries and named images in OCI layouts',
  });
}

/**
 * What is wanted of all that refers to these manifests; all of it, and what refers to that in turn.
 * @throws OcipushError MANIFEST_INVALID, LIMIT_EXCEEDED, or of the source
 */
export async function findReferrers(
  session: PushSession,
  digests: readonly Digest[],
): Promise<readonly FoundReferrer[]> {
  const { referrers: wish } = session.options;
  if (wish === 'none') return [];
  const found = new Map<string, FoundReferrer>();
  const subjects = new Set(digests);
  let weight = 0;
  for (const subject of subjects) {
    for (const referrer of await readReferrers(session, subject)) {
      const read = await readReferrer(session, referrer, subject);
      const isWanted = read !== undefined && (wish === 'all' || read.isSignature);
      if (!isWanted) continue;
      const { manifest, tag } = read.found;
      found.set(tag ?? manifest.digest, read.found);
      weight += manifest.bytes.length;
      if (found.size > MAX_REFERRERS || weight > MANIFESTS_LIMIT) throw tooMany();
      if (wish === 'all') subjects.add(manifest.digest);
    }
  }
  return [...found.values()];
}

async function readReferrers(
  { source }: PushSession,
  subject: Digest,
): Promise<readonly Referrer[]> {
  return (
    (await source.getReferrers?.(subject).catch((error: unknown) => {
      throw wrapError(error, `finding what refers to ${subject}`, {
        code: 'MANIFEST_INVALID',
        origin: 'source',
      });
    })) ?? []
  );
}

/** Undefined for what is listed as a referrer, and is none that can be copied. */
async function readReferrer(
  { source, progress }: PushSession,
  { descriptor, tag }: Referrer,
  subject: Digest,
): Promise<{ readonly found: FoundReferrer; readonly isSignature: boolean } | undefined> {
  const manifest = await source.getManifest(descriptor);
  const { digest, mediaType } = manifest;
  if (isListType(mediaType)) {
    const message = `${digest} stays behind: it refers to ${subject}, but is a list`;
    progress.event({ kind: 'warning', message });
    return undefined;
  }
  const { subject: named, entry } = referenceOf(manifest);
  if (tag === undefined && named?.digest !== subject) {
    const message = `${digest} stays behind: it is listed for ${subject}, but does not refer to it`;
    progress.event({ kind: 'warning', message });
    return undefined;
  }
  const isSignature = tag === undefined ? isSignatureArtifact(entry) : isSignatureTag(tag);
  const type = tag ?? entry.artifactType ?? '';
  return { found: { manifest, tag, type }, isSignature };
}

function tooMany(): OcipushError {
  return new OcipushError(
    'LIMIT_EXCEEDED',
    `more than ${MAX_REFERRERS} manifests, or ${MANIFESTS_LIMIT} bytes of them, refer to the image`,
    { origin: 'source', hint: 'push without them: --referrers none' },
  );
}

/** Copies them as they are, in their order: what others refer to comes first. */
export async function copyReferrers(
  session: PushSession,
  referrers: readonly FoundReferrer[],
): Promise<void> {
  for (const { manifest, tag, type } of referrers) {
    session.progress.event({ kind: 'referrer', digest: manifest.digest, type });
    try {
      await copyBlobs(session, manifest);
      await session.destination.putReferrer?.(manifest, tag);
    } catch (error) {
      throw wrapError(error, `copying referrer ${manifest.digest}`, {
        code: 'MANIFEST_REJECTED',
        origin: 'destination',
      });
    }
  }
}

async function copyBlobs(
  { source, destination, blobs: limiter }: PushSession,
  { bytes, mediaType }: RawManifest,
): Promise<void> {
  const { config, layers } = parseImageManifest(bytes, mediaType);
  const blobs = new Map([config, ...layers].map((blob) => [blob.digest, blob]));
  const copy = ({ mediaType: type, digest, size }: Descriptor) =>
    destination.putBlob({
      mediaType: type,
      candidates: [{ digest, size, origin: source.repository }],
      identity: { digest, size },
      open: () =>
        unchanged({ digest, size }, (running) =>
          verified(source.getBlob({ mediaType: type, digest, size }), { digest, size }, running),
        ),
    });
  await Promise.all([...blobs.values()].map((blob) => limiter(() => copy(blob))));
}
