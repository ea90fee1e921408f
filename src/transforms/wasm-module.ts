/** Finds the WebAssembly that scripts/wasm-modules.js makes. */
import { readFileSync } from 'node:fs';

/** It stands beside this; for tests, which run from the sources, it is made as the thread is. */
const DIRECTORY = new URL(import.meta.url.endsWith('.ts') ? '../../build/' : './', import.meta.url);

/** The bytes of a module. */
export function wasmCode(name: string): Uint8Array {
  return readFileSync(new URL(`${name}.wasm`, DIRECTORY));
}
