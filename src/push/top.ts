/** Finds the manifest that is pushed: what the reference of the source means, or one instance of it. */
import type { Descriptor, Platform } from '../image/descriptor.ts';
import { verified } from '../image/digest.ts';
import { parseImageConfig } from '../image/image-config.ts';
import { parseList } from '../image/list.ts';
import { parseImageManifest } from '../image/manifest.ts';
import { isListType } from '../image/media-types.ts';
import { chooseInstance, formatPlatform, runsOn } from '../image/platform.ts';
import { MANIFEST_LIMIT } from '../image/manifest-type.ts';
import { OcipushError, wrapError } from '../errors.ts';
import { collect } from '../io/bytes.ts';
import type { ImageSource, RawManifest } from '../transports/transport.ts';
import { MAX_DEPTH } from './manifests.ts';
import type { PushSession } from './session.ts';

export interface TopManifest {
  readonly raw: RawManifest;
  /** Where it is an instance of a list: how that names it. */
  readonly instance?: Descriptor | undefined;
}

/**
 * With one platform asked for, the image for it and not the list that it is in. A destination that
 * is named by digest takes the image with that digest and no other.
 * @throws OcipushError SOURCE_NOT_FOUND, DIGEST_MISMATCH, MANIFEST_INVALID
 */
export async function readTop({ source, destination, options }: PushSession): Promise<TopManifest> {
  const raw = await source.getManifest().catch((error: unknown) => {
    const attempt = `determining manifest MIME type for ${source.reference.toString()}`;
    throw wrapError(error, attempt, { code: 'MANIFEST_INVALID', origin: 'source' });
  });
  if (options.expects !== 'any' && !isListType(raw.mediaType)) throw noList(source);
  const top = await topFor(options.platforms, source, raw);
  const { requiredDigest } = destination.capabilities;
  if (requiredDigest === undefined || requiredDigest === top.raw.digest) return top;
  throw new OcipushError(
    'DIGEST_MISMATCH',
    "Digest of source image's manifest would not match destination reference",
    { origin: 'usage', hint: `the image has the digest ${top.raw.digest}` },
  );
}

/** Several platforms of a list are no image: who reads the list chooses among its instances. */
async function topFor(
  platforms: readonly Platform[],
  source: ImageSource,
  raw: RawManifest,
): Promise<TopManifest> {
  const [platform, ...others] = platforms;
  if (platform === undefined) return { raw };
  if (others.length > 0 && isListType(raw.mediaType)) return { raw };
  for (const other of others) await checkPlatform(other, source, raw);
  return imageFor(platform, source, { raw });
}

/** In podman's words. */
function noList({ reference }: ImageSource): OcipushError {
  return new OcipushError('USAGE', `${reference.toString()}: image is not a manifest list`, {
    origin: 'usage',
    hint: 'push an image by itself: ocipush push',
  });
}

async function imageFor(
  wanted: Platform,
  source: ImageSource,
  top: TopManifest,
  depth = 0,
): Promise<TopManifest> {
  const { bytes, mediaType } = top.raw;
  if (!isListType(mediaType) || depth === MAX_DEPTH) {
    await checkPlatform(wanted, source, top.raw);
    return top;
  }
  const instance = chooseInstance(parseList(bytes, mediaType), wanted);
  const raw = await source.getManifest(instance);
  return imageFor(wanted, source, { raw, instance }, depth + 1);
}

/** @throws OcipushError SOURCE_NOT_FOUND */
async function checkPlatform(
  wanted: Platform,
  source: ImageSource,
  { bytes, mediaType }: RawManifest,
): Promise<void> {
  const { config } = parseImageManifest(bytes, mediaType);
  const stream = verified(source.getBlob(config), config);
  const { platform } = parseImageConfig(await collect(stream, MANIFEST_LIMIT, 'config'));
  if (runsOn(wanted, platform)) return;
  throw new OcipushError(
    'SOURCE_NOT_FOUND',
    `the image is for ${formatPlatform(platform)}, and not for ${formatPlatform(wanted)}`,
    { origin: 'source', hint: 'leave out --platform, or name the one that the image is for' },
  );
}
