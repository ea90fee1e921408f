/** Bundles the command, the library and their threads into dist/, in parts that load when they are needed. */
import { readFile, rm } from 'node:fs/promises';
import { build } from 'rolldown';
import { TARGET } from './bundle.js';
import { bundledPackages } from './bundled.js';
import { writeDeclarations } from './declarations.js';
import { writeLicences } from './licences.js';
import { writeSbom } from './sbom.js';
import { compileModules } from './wasm-modules.js';

/**
 * What is needed together comes in one file, with all that it imports: to find and to open a file
 * takes longer than to read what turns out not to be needed. The first that names a module has it.
 */
const FILES = {
  // Answers `--version`, with main itself.
  start: ['src/cli/error-text.ts', 'src/cli/version.ts'],
  // Answers `--help` and completes.
  program: ['src/cli/program.ts'],
  // Begins to connect.
  push: [
    'src/cli/push-command.ts',
    'src/config/registries-conf.ts',
    'src/registry/connection-options.ts',
    'src/transports/oci-layout/reference.ts',
    'src/transports/registry/reference.ts',
  ],
  // Is checked before.
  digestFile: ['src/cli/digest-file.ts'],
  // Reads, plans and sends meanwhile.
  run: [
    'src/cli/push-run.ts',
    'src/config/certs-d.ts',
    'src/push/blob-cache.ts',
    'src/transports/destination-error.ts',
    'src/transports/oci-layout/layout.ts',
    'src/transports/oci-layout/source.ts',
  ],
  registry: ['src/transports/registry/destination.ts'],
};

const { version } = JSON.parse(await readFile('package.json', 'utf8'));

/** What packages would load at every start for what they are never asked: HTTP/2, commands in other files. */
const UNUSED = { 'node:http2': 'undici', 'node:child_process': 'commander' };

const withoutUnused = {
  name: 'without-unused',
  resolveId: {
    filter: { id: /^node:(?:http2|child_process)$/ },
    handler: (id, importer) =>
      importer?.includes(`/node_modules/${UNUSED[id]}/`) ? '\0unused' : null,
  },
  load: { filter: { id: /^\0unused$/ }, handler: () => 'export const constants = {};' },
};

const options = {
  platform: 'node',
  // The native part of one stands in node_modules; the licence of the other, the LGPL, wants it to
  // be replaceable.
  external: ['zstd-napi', 'openpgp'],
  transform: { target: TARGET, define: { __OCIPUSH_VERSION__: JSON.stringify(version) } },
  plugins: [withoutUnused],
  logLevel: 'warn',
  // An import that waits until it is needed says so, whatever file it leads to.
  checks: { ineffectiveDynamicImport: false },
};

const output = {
  dir: 'dist',
  minify: { compress: true, codegen: true, mangle: false },
  sourcemap: true,
};

const groups = Object.entries(FILES).map(([name, modules], index) => ({
  name,
  test: (id) => modules.some((module) => id.endsWith(`/${module}`)),
  priority: Object.keys(FILES).length - index,
}));

await rm('dist', { recursive: true, force: true });
// As CommonJS, which Node loads with less ado than modules.
const { output: command } = await build({
  ...options,
  input: { 'cli/main': 'src/cli/main.ts' },
  output: {
    ...output,
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name]-[hash].cjs',
    codeSplitting: { groups },
  },
});
// Threads and children share no objects with the command: what they load is theirs alone.
const { output: others } = await build({
  ...options,
  input: {
    index: 'src/index.ts',
    'codec-thread': 'src/transforms/codec-thread.ts',
    'layer-cat': 'src/transports/containers-storage/layer-cat.ts',
  },
  output: {
    ...output,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
  },
});
await compileModules('dist');
const modules = [...command, ...others].flatMap(({ moduleIds = [] }) => moduleIds);
const packages = await bundledPackages(modules);
await writeLicences(packages);
await writeSbom(packages);
await writeDeclarations();
