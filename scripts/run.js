/** Runs a TypeScript program of this repository, `node scripts/run.js FILE [ARGUMENT…]`: Node 20 cannot. */
import { mkdir } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundle } from './bundle.js';

// What follows is for the program, which finds it where its arguments always are.
const [source = ''] = process.argv.splice(2, 1);
const program = resolve('build', `${basename(source, '.ts')}.js`);
await mkdir('build', { recursive: true });
await bundle(source, program);
await import(pathToFileURL(program).href);
