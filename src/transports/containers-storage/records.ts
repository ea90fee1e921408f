/** Reads the lists of images and layers that a store keeps: images.json and layers.json. */
import { parseDigest, type Digest } from '../../image/digest.ts';
import { OcipushError } from '../../errors.ts';
import { isJsonObject, parseJson, type JsonObject } from '../../io/bounded-json.ts';

/** An image of images.json (storage/images.go). */
export interface ImageRecord {
  readonly id: string;
  /** Normalised references, with tag or digest. */
  readonly names: readonly string[];
  /** By which the image can be found: of its manifests, and of a list it came through. */
  readonly digests: readonly Digest[];
  /** Its top layer; undefined for an image without layers, and for a list. */
  readonly layer: string | undefined;
  /** JSON of whoever made the image. */
  readonly metadata: string;
  readonly bigDataNames: readonly string[];
}

/** A layer of layers.json (storage/layers.go). */
export interface LayerRecord {
  readonly id: string;
  readonly parent: string | undefined;
  /** Of the uncompressed tar; undefined for layers of containers. */
  readonly diffID: Digest | undefined;
  /** Bytes of that tar; undefined when they were never counted. */
  readonly size: number | undefined;
  /** Whether it was left half-made. */
  readonly incomplete: boolean;
}

/** IDs are names of directories. */
const ID = /^[A-Za-z0-9][\w.-]*$/;

/** Where a layer that was pulled in parts has the digest that it must have when it is whole. */
const EXPECTED_DIFF_ID = 'expected-layer-diffid';

/** @throws OcipushError JSON_INVALID */
export function parseImages(bytes: Uint8Array, file: string): readonly ImageRecord[] {
  return parseRecords(bytes, file).map((record) => ({
    id: idOf(record, file),
    names: strings(record['names']),
    digests: digestsOf(record),
    layer: text(record['layer']),
    metadata: text(record['metadata']) ?? '',
    bigDataNames: strings(record['big-data-names']),
  }));
}

/** @throws OcipushError JSON_INVALID */
export function parseLayers(bytes: Uint8Array, file: string): readonly LayerRecord[] {
  return parseRecords(bytes, file).map((record) => {
    const flags = objectOf(record['flags']);
    const size = record['diff-size'] ?? 0;
    return {
      id: idOf(record, file),
      parent: text(record['parent']),
      diffID: digest(record['diff-digest']) ?? digest(flags[EXPECTED_DIFF_ID]),
      size: isSize(size) && record['diff-digest'] !== undefined ? size : undefined,
      incomplete: flags['incomplete'] === true,
    };
  });
}

function parseRecords(bytes: Uint8Array, file: string): readonly JsonObject[] {
  const records = parseJson(bytes, file);
  if (Array.isArray(records) && records.every(isJsonObject)) return records;
  throw new OcipushError('JSON_INVALID', `parsing ${file}: expected a list of objects`);
}

function idOf(record: JsonObject, file: string): string {
  const id = record['id'];
  if (typeof id === 'string' && ID.test(id)) return id;
  throw new OcipushError(
    'JSON_INVALID',
    `parsing ${file}: invalid ID ${typeof id === 'string' ? JSON.stringify(id) : typeof id}`,
  );
}

/** `digest` is never brought up to date: what is stored now counts as well (storage/images.go, recomputeDigests). */
function digestsOf(record: JsonObject): readonly Digest[] {
  const manifests = Object.entries(objectOf(record['big-data-digests'])).flatMap(([key, value]) =>
    key.startsWith('manifest') ? [value] : [],
  );
  return [record['digest'], ...manifests].flatMap((value) => digest(value) ?? []);
}

function digest(value: unknown): Digest | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  try {
    return parseDigest(value);
  } catch {
    return undefined;
  }
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

/** Go leaves empty strings out, or not. */
function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
