/** Bundles the thread of the codecs for tests that run from the sources, which Node 20 cannot load. */
import { bundle } from '../../scripts/bundle.js';
import { compileDeflate } from '../../scripts/deflate-module.js';

export async function setup(): Promise<void> {
  await bundle('src/transforms/codec-thread.ts', 'build/codec-thread.js');
  await compileDeflate('build/deflate.wasm');
}
