/** Images for conversions from and to v2s1, whose layers are short texts. */
import { OcipushError } from '../../src/errors.ts';
import type { Descriptor } from '../../src/image/descriptor.ts';
import { digestOf } from '../../src/image/digest.ts';
import { EMPTY_LAYER_BYTES, EMPTY_LAYER_DIGEST } from '../../src/image/empty-layer.ts';
import type { ReadLayer } from '../../src/image/convert-from-schema1.ts';
import type { ImageManifest } from '../../src/image/manifest.ts';
import { DOCKER_CONFIG, DOCKER_LAYER_TAR, DOCKER_MANIFEST } from '../../src/image/media-types.ts';
import type { Schema1Manifest } from '../../src/image/schema1.ts';
import { schema1Conversions } from './fixture.ts';

/** An image of layers that are uncompressed, whatever their type says. */
export function dockerImage(config: string, layers: readonly string[]): ImageManifest {
  return {
    mediaType: DOCKER_MANIFEST,
    config: descriptorOf(config, DOCKER_CONFIG),
    layers: layers.map((layer) => descriptorOf(layer, `${DOCKER_LAYER_TAR}.gzip`)),
    namesMediaType: true,
  };
}

/** What reading the layers of a manifest tells. */
export function readLayers(manifest: Schema1Manifest): readonly ReadLayer[] {
  const filled = manifest.layers.filter(({ isEmpty }) => !isEmpty);
  return filled.map(({ digest }) => {
    const found = KNOWN_LAYERS.find((layer) => layer.digest === digest);
    if (found === undefined) throw new Error(`no layer has the digest ${digest}`);
    return found;
  });
}

/** What an attempt gives; undefined when it ends with MANIFEST_INVALID, the only error it may have. */
export function unlessInvalid<T>(attempt: () => T): T | undefined {
  try {
    return attempt();
  } catch (error) {
    if (error instanceof OcipushError && error.code === 'MANIFEST_INVALID') return undefined;
    throw error;
  }
}

const KNOWN_LAYERS: readonly ReadLayer[] = [
  ...schema1Conversions().layers.map((text) => {
    const { digest, size } = descriptorOf(text, '');
    return { digest, size, diffID: digest };
  }),
  {
    digest: EMPTY_LAYER_DIGEST,
    size: EMPTY_LAYER_BYTES.length,
    diffID: digestOf(Buffer.alloc(1024)),
  },
];

function descriptorOf(text: string, mediaType: string): Descriptor {
  const bytes = Buffer.from(text);
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}
