#!/usr/bin/env node
/** Starts the bundled command; whatever can be kept of its compilation is kept. */
import module from 'node:module';

module.enableCompileCache?.();
await import('../dist/cli/main.js');
