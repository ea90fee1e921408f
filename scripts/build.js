/** Bundles the command and the library into dist/, in parts that load when they are needed. */
import { readFile, rm } from 'node:fs/promises';
import { build } from 'esbuild';
import { writeDeclarations } from './declarations.js';
import { writeLicences } from './licences.js';

const { version } = JSON.parse(await readFile('package.json', 'utf8'));

await rm('dist', { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: {
    'cli/main': 'src/cli/main.ts',
    index: 'src/index.ts',
    'layer-cat': 'src/transports/containers-storage/layer-cat.ts',
    'codec-thread': 'src/transforms/codec-thread.ts',
  },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  // Its licence, the LGPL, wants it to be replaceable.
  external: ['openpgp'],
  target: 'node20.19',
  define: { __OCIPUSH_VERSION__: JSON.stringify(version) },
  // Dependencies that are CommonJS call require() for Node's own modules.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: true,
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
});
await writeLicences(metafile);
await writeDeclarations();
