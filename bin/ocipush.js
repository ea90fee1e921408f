#!/usr/bin/env node
/** Starts the bundled command; whatever can be saved of its compilation is saved. */
'use strict';
const { enableCompileCache } = require('node:module');
const { setFlagsFromString } = require('node:v8');

enableCompileCache?.();
// For the few answers of a push V8 would optimise undici's HTTP parser, which takes 35 MB and 0.07 s of a core.
// What runs much longer than that, the decoder of xz, is still optimised.
setFlagsFromString('--wasm-tiering-budget=100000000');
const { main } = require('../dist/cli/main.cjs');
void main(process.argv.slice(2));
