#!/usr/bin/env node
/** Starts the bundled command; whatever can be saved of its compilation is saved. */
import module from 'node:module';
import { setFlagsFromString } from 'node:v8';

module.enableCompileCache?.();
// For the few answers of a push V8 would optimise undici's HTTP parser, which takes 35 MB and 0.07 s of a core.
// What runs much longer than that, the decoder of xz, is still optimised.
setFlagsFromString('--wasm-tiering-budget=100000000');
// An import would first search the file for names.
const { main } = module.createRequire(import.meta.url)('../dist/cli/main.cjs');
await main(process.argv.slice(2));
