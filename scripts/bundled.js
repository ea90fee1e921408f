/** Tells which packages the bundle is made of. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The directory of a package, the innermost one where they are nested. */
const PACKAGE = /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;

/**
 * The packages of modules, each as its directory and its package.json.
 * @param {readonly string[]} modules the paths of all that is in the bundle
 */
export async function bundledPackages(modules) {
  const directories = modules.flatMap((path) => PACKAGE.exec(path)?.[0] ?? []);
  return Promise.all(
    [...new Set(directories)].toSorted().map(async (directory) => {
      const manifest = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'));
      return { directory, manifest };
    }),
  );
}
