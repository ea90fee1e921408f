/** Changes a file of credentials, and leaves everything in it alone that was not meant. */
import { dirname } from 'node:path';
import { OcipushError } from '../errors.ts';
import { replaceableFile, writeFileAtomically } from '../io/atomic-file.ts';
import { isJsonObject, type JsonObject } from '../io/bounded-json.ts';
import { withFileLock, type LockWait } from '../io/file-lock.ts';
import { makeDirectories } from '../io/make-directories.ts';
import { systemReason } from '../io/system-error.ts';
import { authFileOf, isFlat, readAuthJson } from './auth-file.ts';
import { memberName } from './secret-json.ts';

/** Only the user may read what is in them, and enter the directories that are made for them. */
const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/** One change of the content of a file. */
export type AuthFileChange = (top: JsonObject) => JsonObject;

/** The file with this entry for a key; what the entry said before is gone. */
export function withEntry(key: string, entry: JsonObject): AuthFileChange {
  return (top) => withEntries(top, (entries) => ({ ...entries, [key]: entry }));
}

/** The file without the entry for a key. */
export function withoutEntry(key: string): AuthFileChange {
  return (top) =>
    withEntries(top, (entries) =>
      Object.fromEntries(Object.entries(entries).filter(([other]) => other !== key)),
    );
}

/** The file without any entry. */
export const withoutEntries: AuthFileChange = (top) => withEntries(top, () => ({}));

/** As the reference writes it: members sorted by their bytes, tabs, no line end. */
export function formatAuthFile(top: JsonObject): string {
  const name = memberName(top, 'auths');
  const entries = top[name];
  const whole = isJsonObject(entries) ? { ...top, [name]: sorted(entries) } : top;
  return JSON.stringify(sorted(whole), undefined, '\t');
}

/**
 * Changes the file at `path`, through a symbolic link where it is one; it is made where there is
 * none. Only the user may read it then. Two processes do not undo each other's changes.
 * @throws OcipushError CONFIG_INVALID for a file that is broken, which stays as it was;
 * FILE_UNWRITABLE; the signal's reason
 */
export async function changeAuthFile(
  path: string,
  change: AuthFileChange,
  wait: LockWait,
): Promise<void> {
  try {
    await makeDirectories(dirname(path), DIRECTORY_MODE);
    const target = await replaceableFile(path);
    if (target === undefined) throw new Error('not a regular file');
    await withFileLock(`${target}.lock`, wait, async () => {
      const json = await readAuthJson(target);
      if (json) authFileOf(json);
      await writeFileAtomically(target, formatAuthFile(change(json?.object ?? {})), FILE_MODE);
    });
  } catch (error) {
    wait.signal.throwIfAborted();
    if (error instanceof OcipushError) throw error;
    throw new OcipushError('FILE_UNWRITABLE', `writing ${path}: ${systemReason(error)}`, {
      origin: 'config',
      hint: 'name a file that you may write to with --authfile',
      cause: error,
    });
  }
}

/** A file of the .dockercfg shape has its entries at the top, and nothing else. */
function withEntries(top: JsonObject, change: (entries: JsonObject) => JsonObject): JsonObject {
  if (isFlat(top)) return change(top);
  const name = memberName(top, 'auths');
  const entries = top[name];
  return { ...top, [name]: change(isJsonObject(entries) ? entries : {}) };
}

function sorted(object: JsonObject): JsonObject {
  const byBytes = ([a]: [string, unknown], [b]: [string, unknown]) =>
    Buffer.compare(Buffer.from(a), Buffer.from(b));
  return Object.fromEntries(Object.entries(object).toSorted(byBytes));
}
