/** What a place holds of an image, read with care: every byte is checked. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OcipushError } from '../../src/errors.ts';
import type { Descriptor } from '../../src/image/descriptor.ts';
import { digestHex, digestOf, verified, type Digest } from '../../src/image/digest.ts';
import { parseList } from '../../src/image/list.ts';
import { parseImageManifest } from '../../src/image/manifest.ts';
import { isListType } from '../../src/image/media-types.ts';
import type { ImageSource, RawManifest } from '../../src/transports/transport.ts';
import { localReference } from './local-push.ts';
import { bytesOf } from './streams.ts';
import { makeContext } from './transport-context.ts';

/**
 * The digest of the image at a local place.
 * @throws when it is not whole
 */
export async function imageAt(place: string): Promise<Digest> {
  await using source = await localReference(place).openSource(makeContext());
  const manifest = await source.getManifest();
  await checkParts(source, manifest);
  return manifest.digest;
}

/** The same, or `none` where there is nothing that claims to be an image. */
export async function imageIfAny(place: string): Promise<Digest | 'none'> {
  try {
    return await imageAt(place);
  } catch (error) {
    if (error instanceof OcipushError && error.code === 'SOURCE_NOT_FOUND') return 'none';
    throw error;
  }
}

async function checkParts(source: ImageSource, manifest: RawManifest): Promise<void> {
  const { bytes, mediaType } = manifest;
  if (isListType(mediaType)) {
    for (const instance of parseList(bytes, mediaType).instances) {
      await checkParts(source, await source.getManifest(instance));
    }
    return;
  }
  const { config, layers } = parseImageManifest(bytes, mediaType);
  for (const blob of [config, ...layers]) await checkBlob(source, blob);
}

async function checkBlob(source: ImageSource, blob: Descriptor): Promise<void> {
  await bytesOf(verified(source.getBlob(blob), blob));
}

/** Names at or below a directory of what is not finished, or locked. */
export async function leftovers(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory, { recursive: true });
  return names.filter((name) => /\.tmp$|\.lock/.test(name));
}

/** Blobs of layouts at or below a directory whose bytes are not those of their names. */
export async function damagedBlobs(directory: string): Promise<readonly string[]> {
  const damaged: string[] = [];
  for (const path of await readdir(directory, { recursive: true })) {
    const hex = /blobs\/sha256\/(.*)$/.exec(path)?.[1];
    if (hex === undefined) continue;
    const digest = digestOf(await readFile(join(directory, path)));
    if (digestHex(digest) !== hex) damaged.push(path);
  }
  return damaged;
}
