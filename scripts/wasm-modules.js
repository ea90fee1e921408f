/** Compiles what is AssemblyScript to WebAssembly. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createMemoryStream, main } from 'assemblyscript/asc';

/** What each module is made of. */
const MODULES = {
  'deflate.wasm': ['src/transforms/deflate/deflate.ts'],
  'contents-simd.wasm': ['src/transforms/zstd-chunked/contents/contents.ts', '--enable', 'simd'],
  'contents-scalar.wasm': ['src/transforms/zstd-chunked/contents/contents.ts'],
};

/** They allocate nothing, and are told nothing that they would have to check. */
const OPTIONS = ['--runtime', 'stub', '--noAssert', '--use', 'abort=', '-O3', '--converge'];

/**
 * @param {string} directory where the modules go
 * @returns {Promise<void>}
 */
export async function compileModules(directory) {
  await mkdir(directory, { recursive: true });
  for (const [name, source] of Object.entries(MODULES)) {
    const stderr = createMemoryStream();
    const line = [...source, '--outFile', join(directory, name), ...OPTIONS];
    const { error } = await main(line, { stderr });
    if (error) throw new Error(`compiling ${name}:\n${stderr.toString()}`, { cause: error });
  }
}
