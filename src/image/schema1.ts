/** Docker v2s1 manifests: configuration and history inside the manifest, newest layer first. */
import type { Digest } from './digest.ts';
import type { NamedReference } from './docker-reference.ts';
import type { HistoryStep } from './docker-config.ts';
import { flag, membersAnyCase, readTexts, readTime, text, ZERO_TIME } from './go-struct.ts';
import { encodeJson, omitEmpty } from './json-encoder.ts';
import {
  invalidField,
  optional,
  readDigest,
  readList,
  readMembers,
  readString,
  type JsonField,
} from './json-field.ts';
import { parseManifestJson, rejectAmbiguous, requireSchemaVersion } from './manifest-json.ts';
import { DOCKER_V1_SIGNED } from './media-types.ts';
import { schema1Payload } from './schema1-signature.ts';

/** Docker image manifest version 2, schema 1, without its signatures. */
export interface Schema1Manifest {
  /** Repository without domain; it and the tag may be empty. */
  readonly name: string;
  readonly tag: string;
  readonly architecture: string;
  /** Base first, unlike in the JSON; never empty. */
  readonly layers: readonly Schema1Layer[];
}

/** A step of the build, and the blob that it made. */
export interface Schema1Layer extends HistoryStep {
  /** An empty step has a blob too, without files; formats with a config leave it out. */
  readonly digest: Digest;
  /** JSON text, as it was: of the newest layer it is the configuration of the image. */
  readonly v1Compatibility: string;
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** The ID of the layer below; empty for the base. */
  readonly parent: string;
}

interface PlacedLayer {
  readonly layer: Schema1Layer;
  readonly field: JsonField;
}

/**
 * Reads a manifest, signed or not. Of several steps in a row with one ID the oldest remains.
 * @throws OcipushError MANIFEST_INVALID
 */
export function parseSchema1(bytes: Uint8Array): Schema1Manifest {
  const whole = parseManifestJson(bytes, 'manifest');
  const signatures = readMembers(whole)('signatures').value ?? undefined;
  // The digest is that of the payload: what else the bytes say must not be believed.
  const root =
    signatures === undefined ? whole : parseManifestJson(schema1Payload(bytes), 'manifest');
  const member = readMembers(root);
  requireSchemaVersion(root, 1);
  rejectAmbiguous(root, DOCKER_V1_SIGNED, ['fsLayers', 'history']);
  return {
    name: optional(member('name'), readString) ?? '',
    tag: optional(member('tag'), readString) ?? '',
    architecture: optional(member('architecture'), readString) ?? '',
    layers: readChain(member('fsLayers'), member('history')),
  };
}

/** The unsigned bytes that the reference writes for the same manifest. */
export function encodeSchema1(manifest: Schema1Manifest): Uint8Array {
  const newestFirst = manifest.layers.toReversed();
  return encodeJson({
    name: manifest.name,
    tag: manifest.tag,
    architecture: manifest.architecture,
    fsLayers: newestFirst.map(({ digest }) => ({ blobSum: digest })),
    history: newestFirst.map(({ v1Compatibility }) => ({ v1Compatibility })),
    schemaVersion: 1,
  });
}

/**
 * The layer that a blob and its `v1Compatibility` make; `document` names the latter in messages.
 * @throws OcipushError MANIFEST_INVALID
 */
export function parseSchema1Layer(
  digest: Digest,
  v1Compatibility: string,
  document: string,
): Schema1Layer {
  const field = parseManifestJson(Buffer.from(v1Compatibility), document);
  const member = membersAnyCase(field);
  const id = text(member('id')) ?? '';
  if (!/^[a-f0-9]{64}$/.test(id)) {
    throw invalidField(field, `image ID ${JSON.stringify(id)} is invalid`);
  }
  const command = optional(member('container_config'), (settings) =>
    optional(membersAnyCase(settings)('Cmd'), readTexts),
  );
  return {
    digest,
    v1Compatibility,
    id,
    parent: text(member('parent')) ?? '',
    created: optional(member('created'), readTime) ?? ZERO_TIME,
    createdBy: omitEmpty(command?.join(' ')),
    author: text(member('author')),
    comment: text(member('comment')),
    isEmpty: flag(member('throwaway')) ?? false,
  };
}

/**
 * The manifest under the name that a destination has for it; the same object where it has that
 * already, or the destination has none: then the bytes it was read from need not change.
 */
export function renameSchema1(
  manifest: Schema1Manifest,
  reference: NamedReference | undefined,
): Schema1Manifest {
  if (reference === undefined) return manifest;
  const { path: name, tag = '' } = reference;
  return manifest.name === name && manifest.tag === tag ? manifest : { ...manifest, name, tag };
}

/**
 * The manifest with other blobs in its layers that are not empty; `digests` has them base first.
 * The IDs stay, as in the reference: readers check only that each names its parent.
 */
export function replaceSchema1Blobs(
  manifest: Schema1Manifest,
  digests: readonly Digest[],
): Schema1Manifest {
  const rest = digests.values();
  const layers = manifest.layers.map((layer) =>
    layer.isEmpty ? layer : { ...layer, digest: rest.next().value ?? layer.digest },
  );
  return { ...manifest, layers };
}

function readChain(fsLayers: JsonField, history: JsonField): readonly Schema1Layer[] {
  const blobs = readList(fsLayers);
  const steps = readList(history);
  if (blobs.length !== steps.length) {
    throw invalidField(history, 'length of history not equal to number of layers');
  }
  if (blobs.length === 0) throw invalidField(fsLayers, 'no FSLayers in manifest');
  const entries = blobs.flatMap((blob, index) => {
    const step = steps[index];
    return step === undefined ? [] : [readEntry(blob, step)];
  });
  return checkChain(entries.toReversed());
}

function readEntry(blob: JsonField, step: JsonField): PlacedLayer {
  const digest = readDigest(readMembers(blob)('blobSum'));
  const field = readMembers(step)('v1Compatibility');
  const document = `${field.document}: ${field.path}`;
  return { layer: parseSchema1Layer(digest, readString(field), document), field };
}

/** Base first: each entry names the one before it as its parent, and no ID comes back later. */
function checkChain(entries: readonly PlacedLayer[]): readonly Schema1Layer[] {
  const chain: Schema1Layer[] = [];
  const seen = new Set<string>();
  for (const { layer, field } of entries) {
    const below = chain.at(-1);
    if (below?.id === layer.id) continue;
    if (below === undefined && layer.parent !== '') {
      throw invalidField(field, 'Invalid parent ID in the base layer of the image');
    }
    if (seen.has(layer.id)) {
      throw invalidField(field, `ID ${layer.id} appears multiple times in manifest`);
    }
    if (below !== undefined && layer.parent !== below.id) {
      throw invalidField(
        field,
        `Invalid parent ID. Expected ${below.id}, got ${JSON.stringify(layer.parent)}`,
      );
    }
    seen.add(layer.id);
    chain.push(layer);
  }
  return chain;
}
