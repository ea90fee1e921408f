#!/usr/bin/env node
/** Starts the bundled command; whatever can be saved of its compilation is saved. */
'use strict';
const { enableCompileCache } = require('node:module');

enableCompileCache?.();
const { main } = require('../dist/cli/main.cjs');
void main(process.argv.slice(2));
