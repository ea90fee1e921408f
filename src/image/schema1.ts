/** Docker v2s1 manifests: configuration and history inside the manifest, newest layer first. */
import type { Digest } from './digest.ts';
import { encodeJson } from './json-encoder.ts';
import {
  invalidField,
  optional,
  readBoolean,
  readDigest,
  readList,
  readMembers,
  readString,
  type JsonField,
} from './json-field.ts';
import { parseManifestJson, rejectAmbiguous } from './manifest-json.ts';
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

interface Schema1Layer {
  readonly digest: Digest;
  /** JSON text, as it was: of the newest layer it is the configuration of the image. */
  readonly v1Compatibility: string;
  /** Whether this is a step that changed no file; its blob is then a compressed empty one. */
  readonly throwaway: boolean;
}

interface HistoryEntry extends Schema1Layer {
  readonly id: string;
  readonly parent: string;
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
  if (member('schemaVersion').value !== 1) {
    throw invalidField(root, `unsupported schema version ${String(member('schemaVersion').value)}`);
  }
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
  return checkChain(entries.toReversed()).map(({ digest, v1Compatibility, throwaway }) => ({
    digest,
    v1Compatibility,
    throwaway,
  }));
}

function readEntry(blob: JsonField, step: JsonField): HistoryEntry {
  const v1Compatibility = readString(readMembers(step)('v1Compatibility'));
  const v1Image = parseManifestJson(Buffer.from(v1Compatibility), `manifest: ${step.path}`);
  const member = readMembers(v1Image);
  const id = optional(member('id'), readString) ?? '';
  if (!/^[a-f0-9]{64}$/.test(id)) {
    throw invalidField(v1Image, `image ID ${JSON.stringify(id)} is invalid`);
  }
  return {
    digest: readDigest(readMembers(blob)('blobSum')),
    v1Compatibility,
    throwaway: optional(member('throwaway'), readBoolean) ?? false,
    id,
    parent: optional(member('parent'), readString) ?? '',
    field: v1Image,
  };
}

/** Base first: each entry names the one before it as its parent, and no ID comes back later. */
function checkChain(entries: readonly HistoryEntry[]): readonly HistoryEntry[] {
  const chain: HistoryEntry[] = [];
  const seen = new Set<string>();
  for (const entry of entries) {
    const below = chain.at(-1);
    if (below?.id === entry.id) continue;
    if (below === undefined && entry.parent !== '') {
      throw invalidField(entry.field, 'Invalid parent ID in the base layer of the image');
    }
    if (seen.has(entry.id)) {
      throw invalidField(entry.field, `ID ${entry.id} appears multiple times in manifest`);
    }
    if (below !== undefined && entry.parent !== below.id) {
      throw invalidField(
        entry.field,
        `Invalid parent ID. Expected ${below.id}, got ${JSON.stringify(entry.parent)}`,
      );
    }
    seen.add(entry.id);
    chain.push(entry);
  }
  return chain;
}
