/** Runs the peers and ocipush beside each other; what comes after `npm run bench --` goes to bench/bench.ts. */
import { mkdir } from 'node:fs/promises';
import { build } from 'esbuild';

// It uses the registry and the image of the tests, in TypeScript, which Node 20 does not run as it is.
await mkdir('build', { recursive: true });
await build({
  entryPoints: { bench: 'bench/bench.ts' },
  outdir: 'build',
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  logLevel: 'warning',
});
await import('../build/bench.js');
