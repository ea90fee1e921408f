/** The names of what local container storage holds. */
import { readStorageConf } from '../../config/storage-conf.ts';
import { warnNobody } from '../../config/warn.ts';
import { formatReference } from '../../image/docker-reference.ts';
import { imagesWhere, namesOf } from './image-lookup.ts';
import { viewStorage } from './store.ts';

/**
 * All names of images, sorted; what is no reference is left out, for nobody can ask for it.
 * @throws OcipushError when the storage cannot be read
 */
export async function storedNames(environment: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const conf = await readStorageConf(environment, warnNobody);
  return viewStorage(conf, async (view) => {
    const names = imagesWhere(view, () => true).flatMap(({ record }) => namesOf(record));
    return [...new Set(names.map(formatReference))].toSorted();
  });
}
