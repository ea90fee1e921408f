/** Images and lists of which something is wished. */
import {
  blobsOf,
  makeImage,
  makeIndex,
  makeLayer,
  type MadeBlob,
  type MadeImage,
  type MadeIndex,
} from '../support/make-image.ts';
import { memorySource } from './memory-image.ts';

export const AMD64 = { os: 'linux', architecture: 'amd64' };
export const ARM = { os: 'linux', architecture: 'arm64', variant: 'v8' };
export const S390X = { os: 'linux', architecture: 's390x' };

export async function imageOf(
  compression: 'none' | 'gzip' = 'gzip',
  format: 'oci' | 'docker' = 'oci',
): Promise<MadeImage> {
  return makeImage({ layers: [await makeLayer({ a: '1' })], compression, format });
}

export function sourceOf(image: MadeImage, parts?: Parameters<typeof memorySource>[1]) {
  return memorySource(blobsOf(image).toReversed(), parts);
}

export async function listOf(format: 'oci' | 'docker' = 'oci'): Promise<MadeIndex> {
  const images = [AMD64, ARM, S390X].map(async (platform) => ({
    layers: [await makeLayer({ a: platform.architecture })],
    compression: 'gzip' as const,
    platform,
  }));
  return makeIndex({ images: await Promise.all(images), format });
}

export function blobsIn({ index, images }: MadeIndex): readonly MadeBlob[] {
  return [index, ...images.flatMap(blobsOf)];
}
