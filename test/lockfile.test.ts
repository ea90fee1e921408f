/** What is installed is what the lockfile says, to the byte, and runs nothing that is not listed. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

interface LockedPackage {
  readonly version?: string;
  /** Where it comes from, for what is not simply of the registry. */
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

interface Manifest {
  readonly allowScripts?: Readonly<Record<string, boolean>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
}

function read(...path: readonly string[]): unknown {
  return JSON.parse(readFileSync(join(ROOT, ...path), 'utf8'));
}

interface Lockfile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}

const { packages } = read('package-lock.json') as Lockfile;
const { allowScripts = {}, optionalDependencies = {} } = read('package.json') as Manifest;

/** All but the project itself. */
const locked = Object.entries(packages).filter(([path]) => path !== '');

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

describe('the lockfile', () => {
  test('knows every package by one version and by the SHA-512 of its bytes', () => {
    expect(locked.length).toBeGreaterThan(100);
    const loose = locked.filter(
      ([, { version = '', integrity = '' }]) =>
        !/^\d+\.\d+\.\d+/.test(version) || !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity),
    );
    expect(loose.map(([path]) => path)).toEqual([]);
  });

  test('takes none from git, from a file or from an address of its own', () => {
    const strange = locked.filter(
      ([, { resolved, link, version = '' }]) =>
        resolved !== undefined || link === true || version.includes(':'),
    );
    expect(strange.map(([path]) => path)).toEqual([]);
  });

  test.each(['.ci/run', 'action.yml', 'test/peers/setup'])('is what %s installs', (file) => {
    const installing = readFileSync(join(ROOT, file), 'utf8').match(
      /\bnpm (?:ci|i|install|add|update|upgrade|up)\b/g,
    );
    expect(new Set(installing)).toEqual(new Set(['npm ci']));
  });
});

describe('install scripts', () => {
  const INSTALLING = ['preinstall', 'install', 'postinstall'];

  /** Whether npm would run something, told by the package as it lies here. */
  const runsScript = (path: string): boolean => {
    if (!existsSync(join(ROOT, path, 'package.json'))) return false;
    const { scripts = {} } = read(path, 'package.json') as Manifest;
    return (
      INSTALLING.some((name) => name in scripts) || existsSync(join(ROOT, path, 'binding.gyp'))
    );
  };

  test('are decided on, one by one, for every package that has any', () => {
    const having = locked.filter(([path, entry]) => entry.hasInstallScript || runsScript(path));
    expect(having.map(([path]) => nameOf(path)).toSorted()).toEqual(
      Object.keys(allowScripts).toSorted(),
    );
  });

  test('run for one package only, which is optional and compiles libzstd', () => {
    const allowed = Object.keys(allowScripts).filter((name) => allowScripts[name]);
    expect(allowed).toEqual(['zstd-napi']);
    expect(Object.keys(optionalDependencies)).toEqual(allowed);
  });
});
