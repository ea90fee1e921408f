/** Finds the image that a name means after `containers-storage:` (image/storage, storage_transport.go). */
import {
  formatReference,
  parseDockerReference,
  withDefaultTag,
  type NamedReference,
} from '../../image/docker-reference.ts';
import { parseDigest } from '../../image/digest.ts';
import { OcipushError } from '../../errors.ts';
import { findImage, isInRepository } from './image-lookup.ts';
import { findReference, type FoundImage } from './local-name.ts';
import type { StorageView } from './store.ts';

/** A name, an ID, or both; at least one is there. */
export interface StoredName {
  readonly named?: NamedReference;
  /** All of it, or at least three characters from its beginning. */
  readonly id?: string;
}

const FULL_ID = /^[a-f0-9]{64}$/;
const SHORTEST_ID = 3;

/**
 * Parses `NAME[:TAG][@DIGEST][@ID]`, `@ID`, or an ID.
 * @throws OcipushError REFERENCE_INVALID
 */
export function parseStoredName(text: string): StoredName {
  if (FULL_ID.test(text)) return { id: text };
  const at = text.lastIndexOf('@');
  const last = text.slice(at + 1);
  if (at < 0 || isDigest(last)) return { named: parseName(text) };
  if (last.length < SHORTEST_ID || last.includes('/')) throw noID(last, 'REFERENCE_INVALID');
  return at === 0 ? { id: last } : { named: parseName(text.slice(0, at)), id: last };
}

/** @throws OcipushError SOURCE_NOT_FOUND */
export function lookUpStored(view: StorageView, { named, id }: StoredName): FoundImage {
  if (id !== undefined) return lookUpID(view, id, named);
  const image = named && findReference(view, named);
  if (image) return { image, name: named };
  throw notFound(named, 'does not resolve to an image ID: identifier is not an image');
}

/** With a name beside the ID, the image must have one in the same repository. */
function lookUpID(view: StorageView, id: string, named: NamedReference | undefined): FoundImage {
  const image = findImage(view, id);
  if (!image?.record.id.startsWith(id)) throw noID(id, 'SOURCE_NOT_FOUND');
  if (named === undefined || isInRepository(image.record, named)) return { image, name: named };
  throw notFound(named, `does not match image ${image.record.id}`);
}

function parseName(text: string): NamedReference {
  return withDefaultTag(parseDockerReference(text));
}

function isDigest(text: string): boolean {
  try {
    parseDigest(text);
    return true;
  } catch {
    return false;
  }
}

function noID(text: string, code: 'REFERENCE_INVALID' | 'SOURCE_NOT_FOUND'): OcipushError {
  const message = `${JSON.stringify(text)} does not look like an image ID or digest`;
  return new OcipushError(code, message, {
    origin: 'source',
    hint: 'podman images --no-trunc --digests lists both',
  });
}

function notFound(named: NamedReference | undefined, problem: string): OcipushError {
  const name = JSON.stringify(named === undefined ? '' : formatReference(named));
  return new OcipushError('SOURCE_NOT_FOUND', `reference ${name} ${problem}`, {
    origin: 'source',
    hint: 'write the full name, with localhost/ where podman images says so',
  });
}
