/** Shows the tool at work: a registry on this machine, a push to it, and what arrived there. */
import { mkdir } from 'node:fs/promises';
import { build } from 'esbuild';

// The registry is part of the tests, in TypeScript, which Node 20 does not run as it is.
await mkdir('build', { recursive: true });
await build({
  entryPoints: { demo: 'test/support/demo.ts' },
  outdir: 'build',
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  logLevel: 'warning',
});
await import('../build/demo.js');
