/** Makes the thread of the codecs, and what it loads, for tests that run from the sources, which Node 20 cannot load. */
import { bundle } from '../../scripts/bundle.js';
import { compileModules } from '../../scripts/wasm-modules.js';

export async function setup(): Promise<void> {
  await bundle('src/transforms/codec-thread.ts', 'build/codec-thread.js');
  await compileModules('build');
}
