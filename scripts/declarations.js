/** Writes the declarations of the library into dist/types/: those that its face leads to. */
import { execFile } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const TYPES = resolve('dist', 'types');

/** The module a declaration imports, as the compiler leaves it: with the name of the source. */
const IMPORT = /(?<=(?:from|import\()\s*["'])(\.{1,2}\/[^"']+)\.ts(?=["'])/g;

export async function writeDeclarations() {
  await promisify(execFile)(join('node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.build.json']);
  const reached = new Set();
  await reach(join(TYPES, 'index.d.ts'), reached);
  for (const name of await readdir(TYPES, { recursive: true })) {
    const file = join(TYPES, name);
    if (name.endsWith('.ts') && !reached.has(file)) await rm(file);
  }
}

/** Follows the imports, which are spelled as modules are found that have been published. */
async function reach(file, reached) {
  if (reached.has(file)) return;
  reached.add(file);
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replaceAll(IMPORT, '$1.js'));
  for (const [, module] of text.matchAll(IMPORT)) {
    await reach(`${resolve(dirname(file), module)}.d.ts`, reached);
  }
}
