/** Runs a TypeScript program of this repository, `node scripts/run.js FILE [ARGUMENT…]`: Node 20 cannot. */
import { mkdir } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

// What follows is for the program, which finds it where its arguments always are.
const [source = ''] = process.argv.splice(2, 1);
const bundle = resolve('build', `${basename(source, '.ts')}.js`);
await mkdir('build', { recursive: true });
await build({
  entryPoints: [source],
  outfile: bundle,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  logLevel: 'warning',
});
await import(pathToFileURL(bundle).href);
