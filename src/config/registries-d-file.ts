/** One file of registries.d; whoever has none does not load what reads YAML. */
import { messageOf, OcipushError } from '../errors.ts';
import { typeName } from './secret-json.ts';
import { parseYamlFile, type YamlFile, type YamlPath } from './yaml-file.ts';
import type { Warn } from './warn.ts';

/** What a file says of a namespace; undefined is what it does not say. */
export interface SignatureSection {
  /** URL below which simple signatures are read. */
  readonly lookaside?: string | undefined;
  /** The one below which they are written, where that is another. */
  readonly staging?: string | undefined;
  readonly usesAttachments?: boolean | undefined;
}

export interface RegistriesDFile {
  readonly path: string;
  readonly defaults: SignatureSection | undefined;
  readonly namespaces: ReadonlyMap<string, SignatureSection>;
}

/** A part of a file, and where it is. */
interface Part {
  readonly value: unknown;
  readonly path: YamlPath;
  readonly file: YamlFile;
  readonly fileName: string;
  readonly warn: Warn;
}

const TOP_KEYS = ['default-docker', 'docker'];
const SECTION_KEYS = [
  'lookaside',
  'lookaside-staging',
  // What these two were called before sigstore took that name.
  'sigstore',
  'sigstore-staging',
  'use-sigstore-attachments',
];

/**
 * Of keys that nobody knows `warn` is told.
 * @throws OcipushError CONFIG_INVALID naming the file, and the line and the key where there is one
 */
export function parseRegistriesD(bytes: Uint8Array, path: string, warn: Warn): RegistriesDFile {
  const file = readYaml(bytes, path);
  const top = { value: file.value, path: [], file, fileName: path, warn };
  warnOfOthers(top, TOP_KEYS);
  const defaults = memberOf(top, 'default-docker');
  const docker = memberOf(top, 'docker');
  const namespaces = [...(mapIn(docker)?.keys() ?? [])].map(
    (name) => [String(name), sectionIn(memberOf(docker, name))] as const,
  );
  return {
    path,
    defaults: isThere(defaults) ? sectionIn(defaults) : undefined,
    namespaces: new Map(namespaces),
  };
}

function readYaml(bytes: Uint8Array, path: string): YamlFile {
  try {
    return parseYamlFile(bytes);
  } catch (error) {
    throw invalid(path, messageOf(error), error);
  }
}

function sectionIn(section: Part): SignatureSection {
  warnOfOthers(section, SECTION_KEYS);
  const text = (key: string): string | undefined => textIn(memberOf(section, key));
  return {
    lookaside: text('lookaside') ?? text('sigstore'),
    staging: text('lookaside-staging') ?? text('sigstore-staging'),
    usesAttachments: truthIn(memberOf(section, 'use-sigstore-attachments')),
  };
}

function memberOf(part: Part, key: unknown): Part {
  return { ...part, value: mapIn(part)?.get(key), path: [...part.path, key] };
}

function isThere({ value }: Part): boolean {
  return value !== undefined && value !== null;
}

function mapIn(part: Part): ReadonlyMap<unknown, unknown> | undefined {
  if (!isThere(part)) return undefined;
  if (part.value instanceof Map) return part.value;
  throw wrongType(part, 'keys and values');
}

function warnOfOthers(part: Part, known: readonly string[]): void {
  for (const key of mapIn(part)?.keys() ?? []) {
    if (known.includes(String(key))) continue;
    const place = part.file.place([...part.path, key]);
    part.warn(`ignoring an unknown key: ${JSON.stringify(part.fileName)}: ${place}`);
  }
}

/** The reference takes an empty text for none. */
function textIn(part: Part): string | undefined {
  if (!isThere(part)) return undefined;
  if (typeof part.value === 'string') return part.value || undefined;
  throw wrongType(part, 'a URL');
}

function truthIn(part: Part): boolean | undefined {
  if (!isThere(part)) return undefined;
  if (typeof part.value === 'boolean') return part.value;
  // In quotes, too, as in the reference.
  const text = typeof part.value === 'string' ? part.value.toLowerCase() : '';
  if (['y', 'yes', 'on', 'true'].includes(text)) return true;
  if (['n', 'no', 'off', 'false'].includes(text)) return false;
  throw wrongType(part, 'true or false');
}

function wrongType({ value, path, file, fileName }: Part, expected: string): OcipushError {
  const place = path.length === 0 ? '' : `${file.place(path)}: `;
  return invalid(fileName, `${place}expected ${expected} instead of ${typeName(value)}`);
}

function invalid(path: string, problem: string, cause?: unknown): OcipushError {
  return new OcipushError(
    'CONFIG_INVALID',
    `parsing signature storage configuration ${path}: ${problem}`,
    { origin: 'config', hint: 'correct the file; its format is that of registries.d', cause },
  );
}
