/** The child of namespace.ts: writes a layer to standard output, and why it could not to the other. */
import { writeSync } from 'node:fs';
import { messageOf, OcipushError } from '../../errors.ts';
import { systemCode } from '../../io/system-error.ts';
import { isDenied } from './diff-directory.ts';
import type { ChildFailure } from './namespace.ts';
import { rebuildLayer, type LayerFiles } from './rebuild.ts';

const STANDARD_OUTPUT = 1;
const STANDARD_ERROR = 2;

async function writeLayer(files: LayerFiles): Promise<void> {
  for await (const chunk of rebuildLayer(files)) {
    for (let written = 0; written < chunk.length;) {
      written += writeSync(STANDARD_OUTPUT, chunk, written);
    }
  }
}

function failureOf(error: unknown): ChildFailure {
  const known = error instanceof OcipushError;
  return {
    code: known ? error.code : 'FILE_UNREADABLE',
    message: messageOf(error),
    hint: known ? error.hint : undefined,
    denied: isDenied(error),
  };
}

try {
  await writeLayer(JSON.parse(process.argv[2] ?? '') as LayerFiles);
} catch (error) {
  // Whoever reads may stop before the end.
  if (systemCode(error) !== 'EPIPE') {
    writeSync(STANDARD_ERROR, `${JSON.stringify(failureOf(error))}\n`);
  }
}
