/** Media types of manifests, configs and layers, and which can become which. */

export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
export const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
export const DOCKER_V1_SIGNED = 'application/vnd.docker.distribution.manifest.v1+prettyjws';
export const DOCKER_V1 = 'application/vnd.docker.distribution.manifest.v1+json';

export const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';
export const DOCKER_CONFIG = 'application/vnd.docker.container.image.v1+json';

export const DOCKER_LAYER_TAR = 'application/vnd.docker.image.rootfs.diff.tar';

/** Compression of a layer as its first bytes show it. */
export type Compression = 'none' | 'gzip' | 'bzip2' | 'xz' | 'zstd';

/** What layers can be compressed as; zstd:chunked is zstd that can also be read in parts. */
export type CompressionFormat = (typeof COMPRESSION_FORMATS)[number];

export const COMPRESSION_FORMATS = ['gzip', 'zstd', 'zstd:chunked'] as const;

/** zstd:chunked cannot be told by the bytes: an annotation says so. */
export type LayerCompression = Compression | CompressionFormat;

/** What a reader without knowledge of zstd:chunked takes it for. */
export function baseCompression(compression: LayerCompression): Compression {
  return compression === 'zstd:chunked' ? 'zstd' : compression;
}

/** One family a row: the same content uncompressed, as gzip, as zstd (Docker has no zstd type). */
const LAYER_FAMILIES: readonly (readonly [none: string, gzip: string, zstd?: string])[] = [
  [
    'application/vnd.oci.image.layer.v1.tar',
    'application/vnd.oci.image.layer.v1.tar+gzip',
    'application/vnd.oci.image.layer.v1.tar+zstd',
  ],
  [
    'application/vnd.oci.image.layer.nondistributable.v1.tar',
    'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
    'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd',
  ],
  [DOCKER_LAYER_TAR, 'application/vnd.docker.image.rootfs.diff.tar.gzip'],
  [
    'application/vnd.docker.image.rootfs.foreign.diff.tar',
    'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
  ],
];

const COLUMN: Readonly<Record<'none' | CompressionFormat, number>> = {
  none: 0,
  gzip: 1,
  zstd: 2,
  'zstd:chunked': 2,
};

/**
 * The type of the same layer under another compression; undefined when the type is no image layer
 * of a known family, or the family has no type for that compression.
 */
export function layerTypeWith(
  mediaType: string,
  compression: 'none' | CompressionFormat,
): string | undefined {
  const family = LAYER_FAMILIES.find((types) => (types as readonly string[]).includes(mediaType));
  return family?.[COLUMN[compression]];
}

/** What the type of a layer ends with that is encrypted (ocicrypt, spec/spec.go). */
const ENCRYPTED = '+encrypted';

/** The type of the same layer once it is encrypted. */
export function encryptedLayerType(mediaType: string): string {
  return `${mediaType}${ENCRYPTED}`;
}

/** Whether the bytes of a layer of this type are encrypted. */
export function isEncryptedType(mediaType: string): boolean {
  return mediaType.endsWith(ENCRYPTED);
}

/** Each type and the one it can be converted to. */
const COUNTERPARTS: Readonly<Record<string, string>> = {
  [OCI_MANIFEST]: DOCKER_MANIFEST,
  [DOCKER_MANIFEST]: OCI_MANIFEST,
  [OCI_INDEX]: DOCKER_LIST,
  [DOCKER_LIST]: OCI_INDEX,
};

/**
 * The type in which a manifest or list of the type `source` is to be written where only `supported`
 * ones can be: its own if possible, else the one it can be converted to; undefined without either.
 */
export function chooseManifestType(
  source: string,
  supported: readonly string[],
): string | undefined {
  return [source, COUNTERPARTS[source]].find(
    (type) => type !== undefined && supported.includes(type),
  );
}

/** Whether a manifest of this type is that of one image or artifact. */
export function isManifestType(mediaType: string): boolean {
  return mediaType === OCI_MANIFEST || mediaType === DOCKER_MANIFEST;
}

/** Whether a manifest of this type is one of Docker's first kind, which has no config. */
export function isSchema1Type(mediaType: string): boolean {
  return mediaType === DOCKER_V1_SIGNED || mediaType === DOCKER_V1;
}

/** Whether a manifest of this type lists other manifests. */
export function isListType(mediaType: string): boolean {
  return mediaType === OCI_INDEX || mediaType === DOCKER_LIST;
}
