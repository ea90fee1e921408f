/** Compiles src/transforms/deflate, which is AssemblyScript, to WebAssembly. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createMemoryStream, main } from 'assemblyscript/asc';

const SOURCE = 'src/transforms/deflate/deflate.ts';

/**
 * @param {string} file where the module goes
 * @returns {Promise<void>}
 */
export async function compileDeflate(file) {
  await mkdir(dirname(file), { recursive: true });
  // It allocates nothing, and is told nothing that it would have to check.
  const options = ['--runtime', 'stub', '--noAssert', '--use', 'abort=', '-O3', '--converge'];
  const stderr = createMemoryStream();
  const { error } = await main([SOURCE, '--outFile', file, ...options], { stderr });
  if (error) throw new Error(`compiling ${SOURCE}:\n${stderr.toString()}`, { cause: error });
}
