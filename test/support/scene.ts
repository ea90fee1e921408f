/** What a push in a test needs: a home with the image in it, and a registry to push to. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAbsent } from '../../src/io/system-error.ts';
import { makeHome, type Home, type Run, type RunOptions } from './ocipush.ts';
import { startRegistry, type Registry, type RegistryOptions } from './registry/registry.ts';
import type { Repository } from './registry/repository.ts';

export interface Scene extends AsyncDisposable {
  readonly home: Home;
  readonly registry: Registry;
  /** Where {@link push} pushes to: tag `1` of {@link repository}. */
  readonly destination: string;
  readonly repository: Repository;
  /** The absolute path of a file in the home. */
  readonly path: (name: string) => string;
  /**
   * Pushes without TLS, once (`--retry 0`), with a digest file; flags come after these. Paths are
   * relative to the home.
   */
  readonly push: (source: string, flags?: readonly string[], options?: RunOptions) => Promise<Run>;
  /** What stands in the digest file; undefined when there is none. */
  readonly digestFile: () => Promise<string | undefined>;
}

export async function openScene(options: RegistryOptions = {}): Promise<Scene> {
  const home = await makeHome();
  const registry = await startRegistry(options);
  const destination = `${registry.host}/team/app:1`;
  const path = (name: string): string => join(home.path, name);
  const defaults = ['push', '--tls-verify=false', '--retry=0', '--digestfile', path('digest')];
  return {
    home,
    registry,
    destination,
    repository: registry.repository('team/app'),
    path,
    push: (source, flags = [], runOptions = {}) =>
      home.run([...defaults, ...flags, source, destination], runOptions),
    digestFile: () => readIfThere(path('digest')),
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]();
      await home[Symbol.asyncDispose]();
    },
  };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'latin1');
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
