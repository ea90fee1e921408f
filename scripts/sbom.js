/** Writes what ocipush is made of into dist/sbom.cdx.json, in the format of CycloneDX 1.5. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/**
 * Of all that npm tells of the lockfile, the packages that are bundled and those that are loaded beside
 * the bundle. Fails when npm does not know one of them, or the lockfile not its bytes.
 * @param packages as bundledPackages() tells them
 */
export async function writeSbom(packages) {
  const project = JSON.parse(await readFile('package.json', 'utf8'));
  const { packages: locked } = JSON.parse(await readFile('package-lock.json', 'utf8'));
  const bundled = new Set(packages.map(({ manifest }) => `${manifest.name}@${manifest.version}`));
  const sbom = sbomOf(await npmSbom(), { project, licences: licencesIn(locked), bundled });
  await writeFile(join('dist', 'sbom.cdx.json'), `${JSON.stringify(sbom, undefined, 2)}\n`);
}

async function npmSbom() {
  // What production leaves out includes what is also needed without development.
  const flags = ['--sbom-format=cyclonedx', '--package-lock-only', '--include=dev'];
  const { stdout } = await promisify(execFile)('npm', ['sbom', ...flags], { maxBuffer: 2 ** 26 });
  return JSON.parse(stdout);
}

function sbomOf({ metadata, components, dependencies, ...bom }, { project, licences, bundled }) {
  const root = metadata.component['bom-ref'];
  const edges = new Map(dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
  const direct = edges.get(root).filter((ref) => isRuntimeDependency(ref, project));
  const refs = [...new Set([...bundled, ...direct])].toSorted((a, b) => (a < b ? -1 : 1));
  const edgeOf = (ref) => {
    const dependsOn = edges.get(ref).filter((on) => refs.includes(on));
    return { ref, dependsOn: dependsOn.toSorted() };
  };
  const known = new Map(components.map((component) => [component['bom-ref'], component]));
  return {
    $schema: bom.$schema,
    bomFormat: bom.bomFormat,
    specVersion: bom.specVersion,
    version: bom.version,
    metadata: {
      lifecycles: [{ phase: 'build' }],
      // npm calls it as the directory is called.
      component: { ...lastingFields(metadata.component), type: 'application', name: project.name },
    },
    components: refs.map((ref) => {
      const component = known.get(ref);
      if (!component?.hashes) throw new Error(`the lockfile does not know the bytes of ${ref}`);
      const value = bundled.has(ref) ? 'bundled' : 'beside the bundle';
      const properties = [{ name: 'ocipush:place', value }];
      return { ...lastingFields(component), licenses: [licences.get(ref)], properties };
    }),
    dependencies: [root, ...refs].map(edgeOf),
  };
}

/** What users get with it; of these all that is not bundled is loaded from beside the bundle. */
function isRuntimeDependency(ref, { dependencies, optionalDependencies }) {
  const name = ref.slice(0, ref.lastIndexOf('@'));
  return name in dependencies || name in optionalDependencies;
}

/** By name and version; npm sbom would make LGPL-3.0 of LGPL-3.0+. */
function licencesIn(locked) {
  return new Map(
    Object.entries(locked).map(([path, { version, license }]) => {
      const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
      const isId = /^[\w.-]+$/.test(license);
      return [`${name}@${version}`, isId ? { license: { id: license } } : { expression: license }];
    }),
  );
}

/** Those that say the same wherever a build runs, and whichever npm it has. */
function lastingFields({ type, name, version, scope, purl, hashes, licenses, ...others }) {
  return { 'bom-ref': others['bom-ref'], type, name, version, scope, purl, hashes, licenses };
}
