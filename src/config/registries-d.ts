/** registries.d: where the signatures of images at registries are: containers-registries.d(5). */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { OcipushError } from '../errors.ts';
import { readSmallFile, statPath } from '../io/file-reader.ts';
import { isAbsent, systemReason } from '../io/system-error.ts';
import { homeDirectory } from './home.ts';
import type { RegistriesDFile, SignatureSection } from './registries-d-file.ts';
import type { Warn } from './warn.ts';

export interface RegistriesD {
  /** By registry, namespace, repository or image, or `*.DOMAIN`. */
  readonly namespaces: ReadonlyMap<string, SignatureSection>;
  readonly defaults: SignatureSection;
  /** Where signatures are when no file says anything else. */
  readonly fallback: string;
}

/** Where the signatures of one image are. */
export interface SignaturePlaces {
  /** URLs below which simple signatures are read and written. */
  readonly readFrom: string;
  readonly writeTo: string;
  /** Whether those of sigstore may be attached to images at their registry. */
  readonly usesAttachments: boolean;
}

export interface RegistriesDPlaces {
  readonly environment: NodeJS.ProcessEnv;
  /** Told of keys that nobody knows. */
  readonly warn: Warn;
  /** Where the system's directory is, which counts for users who have none. */
  readonly systemDirectory?: string;
  /** Of this process. */
  readonly uid?: number;
}

const SYSTEM_DIRECTORY = '/etc/containers/registries.d';
const SYSTEM_LOOKASIDE = 'file:///var/lib/containers/sigstore';
const FILE_LIMIT = 1024 * 1024;

/**
 * Reads all `*.yaml` of the user's directory, or of the system's where the user has none.
 * @throws OcipushError CONFIG_INVALID, also when two files speak of the same namespace
 */
export async function readRegistriesD(places: RegistriesDPlaces): Promise<RegistriesD> {
  const home = homeDirectory(places.environment);
  const directory = await chooseDirectory(home, places.systemDirectory ?? SYSTEM_DIRECTORY);
  const files = await Promise.all(
    (await yamlFiles(directory)).map((path) => readFile(path, places.warn)),
  );
  return { ...merge(files), fallback: fallbackFor(places, home) };
}

/**
 * Of all the scopes that the image has, and the default after them, each setting comes from the
 * first that has it: not, as the manual says, all of them from the first that is there.
 * @param scopes the most special first, as in a signature policy
 */
export function signaturePlaces(
  { namespaces, defaults, fallback }: RegistriesD,
  scopes: readonly string[],
): SignaturePlaces {
  const sections = [...scopes.flatMap((scope) => namespaces.get(scope) ?? []), defaults];
  const first = <T>(setting: (section: SignatureSection) => T | undefined): T | undefined =>
    sections.map(setting).find((value) => value !== undefined);
  return {
    readFrom: first(({ lookaside }) => lookaside) ?? fallback,
    writeTo: first(({ staging, lookaside }) => staging ?? lookaside) ?? fallback,
    usesAttachments: first(({ usesAttachments }) => usesAttachments) ?? false,
  };
}

async function chooseDirectory(home: string | undefined, system: string): Promise<string> {
  if (home === undefined) return system;
  const user = join(home, '.config/containers/registries.d');
  return (await statPath(user)) === undefined ? system : user;
}

async function yamlFiles(directory: string): Promise<readonly string[]> {
  try {
    const names = (await readdir(directory)).filter((name) => name.endsWith('.yaml'));
    return names.toSorted().map((name) => join(directory, name));
  } catch (error) {
    if (isAbsent(error)) return [];
    const message = `reading signature storage configuration: open ${directory}: ${systemReason(error)}`;
    throw invalid(message, 'make it a directory that you may read', error);
  }
}

async function readFile(path: string, warn: Warn): Promise<RegistriesDFile> {
  const bytes = await readSmallFile(path, FILE_LIMIT).catch((error: unknown) => {
    const message = `reading signature storage configuration: open ${path}: ${systemReason(error)}`;
    throw invalid(message, 'make it a file that you may read', error);
  });
  const { parseRegistriesD } = await import('./registries-d-file.ts');
  return parseRegistriesD(bytes, path, warn);
}

function merge(files: readonly RegistriesDFile[]): Omit<RegistriesD, 'fallback'> {
  const namespaces = new Map<string, SignatureSection>();
  const places = new Map<string, string>();
  let defaults: SignatureSection | undefined;
  const claim = (what: string, path: string): void => {
    const other = places.get(what);
    places.set(what, path);
    if (other === undefined) return;
    throw invalid(
      `Error parsing signature storage configuration: ${what} defined both in "${other}" and "${path}"`,
      'leave it to one of the two files',
    );
  };
  for (const file of files) {
    if (file.defaults) claim('"default-docker"', file.path);
    defaults = file.defaults ?? defaults;
    for (const [namespace, section] of file.namespaces) {
      claim(`"docker" namespace "${namespace}"`, file.path);
      namespaces.set(namespace, section);
    }
  }
  return { namespaces, defaults: defaults ?? {} };
}

/** As in the reference: rootless podman runs as root of a user namespace, and says whose it is. */
function fallbackFor({ environment, uid }: RegistriesDPlaces, home: string | undefined): string {
  const said = environment['_CONTAINERS_ROOTLESS_UID'] ?? '';
  const user = /^\d+$/.test(said) ? Number(said) : (uid ?? process.geteuid?.() ?? 0);
  if (user === 0 || home === undefined) return SYSTEM_LOOKASIDE;
  return pathToFileURL(join(home, '.local/share/containers/sigstore')).href;
}

function invalid(message: string, hint: string, cause?: unknown): OcipushError {
  return new OcipushError('CONFIG_INVALID', message, { origin: 'config', hint, cause });
}
