/** What a signature policy may call an image, by where it is: containers-policy.json(5). */
import { realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { formatReference, repositoryOf, type NamedReference } from '../image/docker-reference.ts';
import { OcipushError } from '../errors.ts';
import { statPath } from '../io/file-reader.ts';
import { isAbsent, systemReason } from '../io/system-error.ts';

/**
 * Those of an image with a name, which has a tag or a digest: the name, the repository and what is
 * above it, the registry, and `*.` before each domain that the registry is in.
 */
export function nameScopes(name: NamedReference): readonly string[] {
  const parts = repositoryOf(name).split('/');
  const namespaces = parts.map((_, index) => parts.slice(0, parts.length - index).join('/'));
  const [host = ''] = name.domain.split(':', 1);
  const labels = host.split('.');
  const domains = labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join('.')}`);
  return [formatReference(name), ...namespaces, ...domains];
}

/**
 * Those of an image that was found at a path: the path without symbolic links, and the directories
 * above it but for the root. What has no place, such as the pipe behind /dev/fd/3, has none.
 * @throws OcipushError FILE_UNREADABLE when it is not at the path any more
 */
export async function pathScopes(path: string): Promise<readonly string[]> {
  const scopes: string[] = [];
  let place = (await resolved(path)) ?? '/';
  for (; dirname(place) !== place; place = dirname(place)) scopes.push(place);
  return scopes;
}

/** Undefined when the path leads somewhere, but by no name. */
async function resolved(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    if (isAbsent(error) && (await statPath(path)) !== undefined) return undefined;
    throw new OcipushError('FILE_UNREADABLE', `realpath ${path}: ${systemReason(error)}`, {
      origin: 'source',
      cause: error,
    });
  }
}
