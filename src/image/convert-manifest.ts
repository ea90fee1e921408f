/** Turns image manifests between OCI and Docker v2s2, byte for byte as the reference does but for what configs keep. */
import { OcipushError } from '../errors.ts';
import { toOciConfig } from './convert-config.ts';
import type { Descriptor } from './descriptor.ts';
import { digestOf } from './digest.ts';
import { withoutUndefined } from './json-field.ts';
import type { ImageManifest } from './manifest.ts';
import {
  DOCKER_CONFIG,
  DOCKER_LAYER_TAR,
  DOCKER_MANIFEST,
  isEncryptedType,
  OCI_CONFIG,
  OCI_MANIFEST,
} from './media-types.ts';

/** An image whose config has other bytes than before. */
export interface ConvertedImage {
  readonly manifest: ImageManifest;
  readonly config: Uint8Array;
}

/** What Docker and OCI call the same layer; Docker has a name for zstd, but nothing reads it. */
const LAYER_TYPES: readonly (readonly [docker: string, oci: string])[] = [
  [DOCKER_LAYER_TAR, 'application/vnd.oci.image.layer.v1.tar'],
  [`${DOCKER_LAYER_TAR}.gzip`, 'application/vnd.oci.image.layer.v1.tar+gzip'],
  [
    'application/vnd.docker.image.rootfs.foreign.diff.tar',
    'application/vnd.oci.image.layer.nondistributable.v1.tar',
  ],
  [
    'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
    'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  ],
];

const DOCKER_LAYER_ZSTD = `${DOCKER_LAYER_TAR}.zstd`;
const OCI_LAYER_ZSTD = 'application/vnd.oci.image.layer.v1.tar+zstd';

/** Layers of image layer types, but a config that is none of an image. */
const DOCKER_PLUGIN_CONFIG = 'application/vnd.docker.plugin.v1+json';

const KEEP_OCI = 'write it in the OCI format, to a destination that takes that';

/**
 * An OCI manifest as Docker v2s2. The config keeps its bytes, and so the image its ID. Lost are all
 * annotations, `subject`, `artifactType`, and whatever else only OCI descriptors have.
 * @throws OcipushError UNSUPPORTED for artifacts, and for layers that are encrypted, zstd or unknown
 */
export function toDockerManifest(manifest: ImageManifest): ImageManifest {
  const { config, layers, artifactType } = manifest;
  if (config.mediaType !== OCI_CONFIG) {
    throw notAnImage(
      artifactType === undefined || artifactType === '' ? config.mediaType : artifactType,
    );
  }
  return {
    mediaType: DOCKER_MANIFEST,
    config: sharedFields(config, DOCKER_CONFIG),
    layers: layers.map((layer) => sharedFields(layer, dockerLayerType(layer.mediaType))),
    namesMediaType: true,
  };
}

/**
 * A Docker v2s2 manifest and its config as OCI. The config is written anew by {@link toOciConfig},
 * which says what it loses, and what it keeps that the reference does not.
 * @throws OcipushError UNSUPPORTED for plugins and unknown layers; MANIFEST_INVALID for the config
 */
export function toOciManifest(manifest: ImageManifest, configBytes: Uint8Array): ConvertedImage {
  if (manifest.config.mediaType === DOCKER_PLUGIN_CONFIG) throw notAnImage(DOCKER_PLUGIN_CONFIG);
  const layers = manifest.layers.map((layer) => sharedFields(layer, ociLayerType(layer.mediaType)));
  const config = toOciConfig(configBytes);
  return {
    manifest: {
      mediaType: OCI_MANIFEST,
      config: { mediaType: OCI_CONFIG, digest: digestOf(config), size: config.length },
      layers,
      namesMediaType: true,
    },
    config,
  };
}

function sharedFields({ digest, size, urls }: Descriptor, mediaType: string): Descriptor {
  return withoutUndefined<Descriptor>({ mediaType, digest, size, urls });
}

function dockerLayerType(mediaType: string): string {
  const docker = LAYER_TYPES.find(([, oci]) => oci === mediaType)?.[0];
  if (docker !== undefined) return docker;
  if (isEncryptedType(mediaType)) {
    throw unsupported(
      `during manifest conversion: encrypted layers (${JSON.stringify(mediaType)}) are not ` +
        'supported in docker images',
      KEEP_OCI,
    );
  }
  if (mediaType.endsWith('+zstd')) {
    throw unsupported(
      `Error during manifest conversion: ${JSON.stringify(mediaType)}: zstd compression is not ` +
        'officially supported for docker images',
      'compress with gzip: --compression-format gzip',
    );
  }
  throw unknownLayer(mediaType);
}

function ociLayerType(mediaType: string): string {
  if (mediaType === DOCKER_LAYER_ZSTD) return OCI_LAYER_ZSTD;
  const oci = LAYER_TYPES.find(([docker]) => docker === mediaType)?.[1];
  if (oci === undefined) throw unknownLayer(mediaType);
  return oci;
}

function notAnImage(type: string): OcipushError {
  return unsupported(
    type === DOCKER_CONFIG
      ? `invalid mixed OCI image with Docker v2s2 config (${JSON.stringify(type)})`
      : `unsupported image-specific operation on artifact with type ${JSON.stringify(type)}`,
    'only images can be converted: keep the format that the source has',
  );
}

function unknownLayer(mediaType: string): OcipushError {
  return unsupported(
    `Unknown media type during manifest conversion: ${JSON.stringify(mediaType)}`,
    'only images can be converted: keep the format that the source has',
  );
}

function unsupported(message: string, hint: string): OcipushError {
  return new OcipushError('UNSUPPORTED', message, { hint });
}
