/** Lookaside storage: files beside a registry that have the simple signatures of its images. */
import { constants } from 'node:fs';
import { access, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { digestAlgorithm, digestHex, type Digest } from '../../image/digest.ts';
import { MANIFEST_LIMIT } from '../../image/manifest-type.ts';
import { OcipushError } from '../../errors.ts';
import { writeFileAtomically } from '../../io/atomic-file.ts';
import { collect } from '../../io/bytes.ts';
import { readSmallFile } from '../../io/file-reader.ts';
import { makeDirectories } from '../../io/make-directories.ts';
import { isAbsent, systemCode } from '../../io/system-error.ts';
import type { RegistryOptions } from '../../registry/options.ts';
import { openWebFile } from '../../registry/web.ts';
import { unwritable } from '../destination-error.ts';

/** More than anybody's; an endless number would only fill memory. */
const MAX_SIGNATURES = 128;

/** Where the signatures of one manifest are. */
export interface LookasidePlace {
  /** A URL from registries.d. */
  readonly base: string;
  /** The repository, without its registry. */
  readonly path: string;
  readonly digest: Digest;
}

interface WebAccess {
  readonly registry: RegistryOptions;
  readonly signal: AbortSignal;
}

/**
 * The blobs of all signatures; the first number that is missing ends them.
 * @throws OcipushError FILE_UNREADABLE, CONFIG_INVALID, or of the web server
 */
export async function readLookaside(
  place: LookasidePlace,
  web: WebAccess,
): Promise<readonly Uint8Array[]> {
  const blobs: Uint8Array[] = [];
  while (blobs.length < MAX_SIGNATURES) {
    const url = signatureUrl(place, blobs.length + 1);
    const blob = await (url.protocol === 'file:' ? readIfThere(url) : fetchIfThere(url, web));
    if (blob === undefined) return blobs;
    blobs.push(blob);
  }
  throw new OcipushError(
    'LIMIT_EXCEEDED',
    `reading signatures: ${place.base} has more than ${MAX_SIGNATURES} of one image`,
    { hint: 'push without them: --remove-signatures' },
  );
}

/**
 * Fails now where {@link writeLookaside} would fail later, and leaves no trace.
 * @throws OcipushError UNSUPPORTED, FILE_UNWRITABLE, CONFIG_INVALID
 */
export async function checkLookaside(base: string, path: string): Promise<void> {
  // What is made below it is a directory beside those of the other repositories in the namespace.
  let place = dirname(directoryOf(base, path));
  try {
    while (!(await isThere(place))) place = dirname(place);
    if (!(await stat(place)).isDirectory()) {
      throw new OcipushError('FILE_UNWRITABLE', 'not a directory');
    }
    await access(place, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw unwritableStore(error, place);
  }
}

/**
 * Stores these blobs in the place of all that were there, each whole or not at all.
 * @throws OcipushError UNSUPPORTED, FILE_UNWRITABLE, CONFIG_INVALID
 */
export async function writeLookaside(
  { base, path, digest }: LookasidePlace,
  blobs: readonly Uint8Array[],
): Promise<void> {
  const directory = directoryOf(base, nameIn(path, digest));
  try {
    await makeDirectories(directory, 0o755);
    for (const [index, blob] of blobs.entries()) {
      await writeFileAtomically(`${directory}/signature-${index + 1}`, blob);
    }
    let number = blobs.length + 1;
    while (await removeIfThere(`${directory}/signature-${number}`)) number += 1;
  } catch (error) {
    throw unwritableStore(error, directory);
  }
}

/** containers-signature(5): the colon would have to be escaped in a URL. */
function nameIn(path: string, digest: Digest): string {
  return `${path}@${digestAlgorithm(digest)}=${digestHex(digest)}`;
}

/** @throws OcipushError CONFIG_INVALID */
function signatureUrl({ base, path, digest }: LookasidePlace, number: number): URL {
  const url = parseBase(base);
  url.pathname += `/${nameIn(path, digest)}/signature-${number}`;
  return url;
}

/** @throws OcipushError UNSUPPORTED for what cannot be written to, CONFIG_INVALID */
function directoryOf(base: string, name: string): string {
  const url = parseBase(base);
  const { protocol } = url;
  if (protocol === 'http:' || protocol === 'https:') {
    throw new OcipushError(
      'UNSUPPORTED',
      `Writing directly to a ${protocol.slice(0, -1)} lookaside URL is not supported. Configure a lookaside-staging: location`,
      { origin: 'config', hint: 'registries.d takes it beside lookaside:, as a file:/// URL' },
    );
  }
  return `${fileURLToPath(url)}/${name}`;
}

function parseBase(base: string): URL {
  const url = URL.canParse(base) ? new URL(base) : undefined;
  const isLocal = url?.protocol === 'file:' && url.host === '' && isPath(url);
  if (url && (isLocal || url.protocol === 'http:' || url.protocol === 'https:')) return url;
  throw new OcipushError('CONFIG_INVALID', `unsupported lookaside URL ${JSON.stringify(base)}`, {
    origin: 'config',
    hint: 'registries.d takes file:///, http:// and https:// URLs',
  });
}

/** Not a URL in which a slash is escaped. */
function isPath(url: URL): boolean {
  try {
    return fileURLToPath(url) !== '';
  } catch {
    return false;
  }
}

async function readIfThere(url: URL): Promise<Uint8Array | undefined> {
  try {
    return await readSmallFile(fileURLToPath(url), MANIFEST_LIMIT);
  } catch (error) {
    if (error instanceof OcipushError && error.code === 'FILE_NOT_FOUND') return undefined;
    throw error;
  }
}

async function fetchIfThere(url: URL, web: WebAccess): Promise<Uint8Array | undefined> {
  try {
    await using file = await openWebFile(url.href, web.registry, web.signal);
    return await collect(file.stream, MANIFEST_LIMIT, 'signature');
  } catch (error) {
    if (error instanceof OcipushError && error.context['status'] === 404) return undefined;
    throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

async function removeIfThere(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

function unwritableStore(error: unknown, path: string): OcipushError {
  const failure = unwritable(error, `writing to ${path}`);
  const code = systemCode(error);
  if (code !== 'EACCES' && code !== 'EROFS' && code !== 'EPERM') return failure;
  return new OcipushError(failure.code, failure.message, {
    origin: 'destination',
    hint: 'name a lookaside: or lookaside-staging: in registries.d that you may write to',
    cause: error,
  });
}
