/** Bundles one program into one file, which Node 20 can run. */
import { build } from 'rolldown';

/** The oldest Node.js that runs what is bundled, as in package.json. */
export const TARGET = 'node20.19';

/**
 * @param {string} source a module of this repository
 * @param {string} file where the program goes
 * @returns {Promise<void>}
 */
export async function bundle(source, file) {
  await build({
    input: source,
    platform: 'node',
    // Its native part stands in node_modules.
    external: ['zstd-napi'],
    transform: { target: TARGET },
    logLevel: 'warn',
    output: { file, format: 'esm', codeSplitting: false },
  });
}
