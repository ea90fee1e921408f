/** Turns image manifests into Docker v2s1, byte for byte as the reference does. */
import { OcipushError } from '../errors.ts';
import { toDockerManifest } from './convert-manifest.ts';
import type { Descriptor } from './descriptor.ts';
import { digestHex, digestOf, type Digest } from './digest.ts';
import { parseDockerV1Image, parseHistory, type HistoryStep } from './docker-config.ts';
import type { NamedReference } from './docker-reference.ts';
import { EMPTY_LAYER_DIGEST } from './empty-layer.ts';
import { encodeJson, type Json } from './json-encoder.ts';
import { invalidField, type JsonField } from './json-field.ts';
import { foldCase, parseManifestJson } from './manifest-json.ts';
import type { ImageManifest } from './manifest.ts';
import { DOCKER_V1_SIGNED, OCI_MANIFEST } from './media-types.ts';
import { rawMembers } from './raw-json.ts';
import { parseSchema1Layer, type Schema1Layer, type Schema1Manifest } from './schema1.ts';

/** One step, and the blob that stands for what it changed. */
interface Step {
  readonly digest: Digest;
  readonly step: HistoryStep;
}

/** What a config has of these, in any case, would be taken for what the conversions add. */
const RESERVED_MEMBERS: readonly string[] = ['id', 'parent', 'throwaway', 'rootfs', 'history'];

const OTHER_FORMAT =
  'write it in the OCI or the Docker v2s2 format, to a destination that takes that';

/**
 * An image, OCI or Docker v2s2, as v2s1: each step of its history becomes a layer, and where one is
 * empty the destination needs the blob {@link EMPTY_LAYER_DIGEST}. Layers beyond the history are
 * dropped. In the place of the last step stands the config, without what it says of v2s1's own
 * members: the reference keeps those, and then cannot read what it wrote.
 * @param reference what the destination calls the image; without it, name and tag are empty
 * @throws OcipushError UNSUPPORTED for artifacts, and for layers that are foreign, encrypted, zstd
 *   or unknown; MANIFEST_INVALID for the config
 */
export function toSchema1(
  manifest: ImageManifest,
  configBytes: Uint8Array,
  reference: NamedReference | undefined,
): Schema1Manifest {
  const { layers } = manifest.mediaType === OCI_MANIFEST ? toDockerManifest(manifest) : manifest;
  if (layers.some(({ urls = [] }) => urls.length > 0)) {
    throw new OcipushError(
      'UNSUPPORTED',
      `Cannot convert an image with foreign layers to ${DOCKER_V1_SIGNED}`,
      { hint: OTHER_FORMAT },
    );
  }
  const config = parseManifestJson(configBytes, 'image config');
  const { architecture = '' } = parseDockerV1Image(config);
  const steps = stepsOf(config, layers);
  return {
    name: reference?.path ?? '',
    tag: reference?.tag ?? '',
    architecture,
    layers: chainOf(steps, configBytes),
  };
}

function stepsOf(config: JsonField, layers: readonly Descriptor[]): readonly Step[] {
  const history = parseHistory(config);
  if (history.length === 0) {
    throw new OcipushError(
      'MANIFEST_INVALID',
      `Cannot convert an image with 0 history entries to ${DOCKER_V1_SIGNED}`,
      { hint: OTHER_FORMAT },
    );
  }
  const rest = layers.values();
  return history.map((step) => {
    if (step.isEmpty) return { digest: EMPTY_LAYER_DIGEST, step };
    const layer = rest.next().value;
    if (layer !== undefined) return { digest: layer.digest, step };
    throw invalidField(
      config,
      `Invalid image configuration, needs more than the ${layers.length} distributed layers`,
    );
  });
}

function chainOf(steps: readonly Step[], configBytes: Uint8Array): readonly Schema1Layer[] {
  const top = steps.length - 1;
  let parent = '';
  return steps.map(({ digest, step }, index) => {
    const id = layerID(digest, parent, index === top ? configBytes : undefined);
    const v1Image =
      index === top ? newestV1Image(configBytes, id, parent, step) : v1ImageOf(id, parent, step);
    parent = id;
    return parseSchema1Layer(digest, Buffer.from(encodeJson(v1Image)).toString(), 'image config');
  });
}

/** The parts with a space between each, also where a part is empty. */
function layerID(digest: Digest, parent: string, configBytes: Uint8Array | undefined): string {
  const parts = [Buffer.from(`${digestHex(digest)} ${parent}`)];
  if (configBytes !== undefined) parts.push(Buffer.from(' '), Buffer.from(configBytes));
  return digestHex(digestOf(Buffer.concat(parts)));
}

function v1ImageOf(id: string, parent: string, step: HistoryStep): Json {
  return {
    id,
    parent: parent || undefined,
    comment: step.comment,
    created: step.created,
    container_config: { Cmd: [step.createdBy ?? ''] },
    author: step.author,
    throwaway: step.isEmpty || undefined,
  };
}

/** The config itself, whose values keep their spelling. */
function newestV1Image(
  configBytes: Uint8Array,
  id: string,
  parent: string,
  step: HistoryStep,
): Json {
  const config = rawMembers(Buffer.from(configBytes).toString());
  const members = new Map<string, Json>(
    [...config].filter(([name]) => !RESERVED_MEMBERS.includes(foldCase(name))),
  );
  members.set('id', id);
  if (parent !== '') members.set('parent', parent);
  if (step.isEmpty) members.set('throwaway', true);
  return members;
}
