/** Turns Docker v2s1 images into v2s2, byte for byte as the reference does. */
import { OcipushError } from '../errors.ts';
import type { BlobIdentity } from './blob.ts';
import type { ConvertedImage } from './convert-manifest.ts';
import { digestOf, type Digest } from './digest.ts';
import { encodeHistoryStep, parseDockerV1Image } from './docker-config.ts';
import { encodeJson, omitEmpty, type Json } from './json-encoder.ts';
import { foldCase, parseManifestJson } from './manifest-json.ts';
import { DOCKER_CONFIG, DOCKER_LAYER_TAR, DOCKER_MANIFEST } from './media-types.ts';
import { rawMembers } from './raw-json.ts';
import type { Schema1Manifest } from './schema1.ts';

/** A layer as it is stored, and what only reading it tells: v2s1 knows digests alone. */
export interface ReadLayer extends BlobIdentity {
  /** The digest of the uncompressed layer. */
  readonly diffID: Digest;
}

/** What v2s1 alone has in its configurations. */
const SCHEMA1_MEMBERS: readonly string[] = [
  'id',
  'parent',
  'parent_id',
  'layer_id',
  'throwaway',
  'Size',
];

const ADDED_MEMBERS: readonly string[] = ['rootfs', 'history'];

/** Docker before this version did not write all members of a configuration. */
const FIRST_COMPLETE = '1.8.3';

/**
 * A v2s1 image as Docker v2s2, whose config is made of the newest layer's `v1Compatibility` and of
 * all steps. The layers are said to be gzip, whatever they are. For OCI, convert the result.
 * @param layers those of `manifest.layers` that are not empty, base first
 * @throws OcipushError MANIFEST_INVALID for the configuration, or another number of layers
 */
export function fromSchema1(
  manifest: Schema1Manifest,
  layers: readonly ReadLayer[],
): ConvertedImage {
  const filled = manifest.layers.filter(({ isEmpty }) => !isEmpty);
  if (filled.length !== layers.length) {
    throw new OcipushError(
      'MANIFEST_INVALID',
      `converting manifest: read ${layers.length} layers, but it has ${filled.length}`,
    );
  }
  const config = encodeJson(
    new Map<string, Json>([
      ...v1Members(manifest),
      ['rootfs', { type: 'layers', diff_ids: omitEmpty(layers.map(({ diffID }) => diffID)) }],
      ['history', manifest.layers.map(encodeHistoryStep)],
    ]),
  );
  return {
    manifest: {
      mediaType: DOCKER_MANIFEST,
      config: { mediaType: DOCKER_CONFIG, digest: digestOf(config), size: config.length },
      layers: layers.map(({ digest, size }) => ({
        mediaType: `${DOCKER_LAYER_TAR}.gzip`,
        digest,
        size,
      })),
      namesMediaType: true,
    },
    config,
  };
}

function v1Members({ layers }: Schema1Manifest): Map<string, Json> {
  const text = layers.at(-1)?.v1Compatibility ?? '';
  const image = parseDockerV1Image(parseManifestJson(Buffer.from(text), 'image config'));
  const version = image.docker_version;
  const isComplete = version === undefined || !isBefore(version, FIRST_COMPLETE);
  const members = rawMembers(isComplete ? text : Buffer.from(encodeJson(image)).toString());
  return new Map([...members].filter(([name]) => !isDropped(name)));
}

/** Go would read one in other letters together with the one that is added. */
function isDropped(name: string): boolean {
  return SCHEMA1_MEMBERS.includes(name) || ADDED_MEMBERS.includes(foldCase(name));
}

/** As Docker compares versions: what is no number counts as 0. */
function isBefore(version: string, other: string): boolean {
  const parts = version.split('.').map(versionPart);
  const others = other.split('.').map(versionPart);
  for (let index = 0; index < Math.max(parts.length, others.length); index += 1) {
    const difference = (parts[index] ?? 0) - (others[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function versionPart(part: string): number {
  return /^[+-]?\d+$/.test(part) ? Number(part) : 0;
}
