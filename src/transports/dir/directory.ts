/** What stands in a `dir:` directory, and which directories may become one. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { digestHex, type Digest } from '../../image/digest.ts';
import { OcipushError } from '../../errors.ts';
import { readSmallFile } from '../../io/file-reader.ts';
import { unwritable } from '../destination-error.ts';
import { makeTopDirectory } from '../file-store.ts';

/** What the file `version` holds (image/directory, `directory_dest.go`). */
export const VERSION: Uint8Array = Buffer.from('Directory Transport Version: 1.1\n');

/** What the names of files begin with that are none of the image's. */
export const STEM = 'dir-put-blob';

const HEX = '(?:[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})';
const SIGNATURE = new RegExp(`^(?:${HEX}\\.)?signature-[1-9]\\d*$`);
const BLOB_OR_INSTANCE = new RegExp(`^${HEX}(?:\\.manifest\\.json)?$`);

/** The name of the n-th signature, counted from 1, of the image or of an instance of a list. */
export function signatureName(number: number, instance?: Digest): string {
  const prefix = instance === undefined ? '' : `${digestHex(instance)}.`;
  return `${prefix}signature-${number}`;
}

/** Whether a name is that of a signature of the image, or of an instance of it. */
export function isSignature(name: string): boolean {
  return SIGNATURE.test(name);
}

/** Whether a name is that of a part of an image; `manifest.json` and `version` are those of any. */
export function isImageFile(name: string): boolean {
  return BLOB_OR_INSTANCE.test(name) || isSignature(name);
}

/**
 * Makes sure of a directory for an image, and makes one where there is none; that above it must
 * exist. What is in it stays.
 * @returns whether it is without `version`, as an empty one is
 * @throws OcipushError FILE_UNWRITABLE when there is anything else than an image in it
 */
export async function openDirectory(path: string): Promise<boolean> {
  await makeTopDirectory(path);
  const names = await readdir(path).catch((error: unknown) => {
    throw unwritable(error, `opening ${path}`);
  });
  if (names.includes('version') && (await hasVersion(path))) return false;
  if (names.every((name) => name.startsWith(STEM))) return true;
  throw new OcipushError(
    'FILE_UNWRITABLE',
    "not a containers image directory, don't want to overwrite important data",
    { origin: 'destination', hint: 'push to a directory that is empty or does not exist yet' },
  );
}

async function hasVersion(path: string): Promise<boolean> {
  const version = await readSmallFile(join(path, 'version'), VERSION.length).catch(
    (error: unknown) => {
      if (error instanceof OcipushError && error.code === 'LIMIT_EXCEEDED') return '';
      throw unwritable(error, `opening ${path}`);
    },
  );
  return Buffer.compare(Buffer.from(version), VERSION) === 0;
}
