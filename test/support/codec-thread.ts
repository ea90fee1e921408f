/** Bundles the thread of the codecs for tests that run from the sources, which Node 20 cannot load. */
import { build } from 'esbuild';

export async function setup(): Promise<void> {
  await build({
    entryPoints: ['src/transforms/codec-thread.ts'],
    outdir: 'build',
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    logLevel: 'warning',
  });
}
