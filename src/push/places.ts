/** Where a push keeps what it needs on this machine. */
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { homeDirectory } from '../config/home.ts';
import type { BlobCache } from './blob-cache.ts';

/** As in podman: large files go where memory is not meant to be the disk. */
export function temporaryDirectory(environment: NodeJS.ProcessEnv): string {
  return environment['TMPDIR'] || (process.platform === 'win32' ? tmpdir() : '/var/tmp');
}

/** The user's own. XDG Base Directory Specification: a relative path does not count. */
export async function openUserCache(environment: NodeJS.ProcessEnv): Promise<BlobCache> {
  const home = homeDirectory(environment);
  const fallback = home === undefined ? undefined : join(home, '.cache');
  const wished = environment['XDG_CACHE_HOME'] ?? '';
  const base = isAbsolute(wished) ? wished : fallback;
  const { NO_CACHE, openBlobCache } = await import('./blob-cache.ts');
  return base === undefined ? NO_CACHE : openBlobCache(join(base, 'ocipush'));
}
