/** One file of registries.d; whoever has none does not load what reads YAML. */
import { parse } from 'yaml';
import { messageOf, OcipushError } from '../errors.ts';
import { typeName } from './secret-json.ts';

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

/** Keys that nobody knows say nothing, as in the reference. */
type YamlMap = ReadonlyMap<unknown, unknown>;

/** @throws OcipushError CONFIG_INVALID */
export function parseRegistriesD(bytes: Uint8Array, path: string): RegistriesDFile {
  const document = mapIn(parseYaml(bytes, path), path) ?? new Map<unknown, unknown>();
  const defaults = mapIn(document.get('default-docker'), path);
  const namespaces = [...(mapIn(document.get('docker'), path) ?? [])].map(
    ([name, value]) => [String(name), sectionIn(mapIn(value, path), path)] as const,
  );
  return {
    path,
    defaults: defaults && sectionIn(defaults, path),
    namespaces: new Map(namespaces),
  };
}

/** YAML 1.1, as the reference reads it: there `yes` is true. */
function parseYaml(bytes: Uint8Array, path: string): unknown {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return parse(text, { version: '1.1', mapAsMap: true, logLevel: 'error' }) as unknown;
  } catch (error) {
    throw invalid(path, messageOf(error), error);
  }
}

function sectionIn(map: YamlMap | undefined, path: string): SignatureSection {
  if (map === undefined) return {};
  const text = (key: string): string | undefined => textIn(map, key, path);
  return {
    // The second is what the first was called before sigstore took that name.
    lookaside: text('lookaside') ?? text('sigstore'),
    staging: text('lookaside-staging') ?? text('sigstore-staging'),
    usesAttachments: truthIn(map, 'use-sigstore-attachments', path),
  };
}

function mapIn(value: unknown, path: string): YamlMap | undefined {
  if (value === undefined || value === null) return undefined;
  if (value instanceof Map) return value;
  throw invalid(path, `expected keys and values instead of ${typeName(value)}`);
}

/** The reference takes an empty text for none. */
function textIn(map: YamlMap, key: string, path: string): string | undefined {
  const value = map.get(key) ?? '';
  if (typeof value === 'string') return value || undefined;
  throw invalid(path, `${key}: expected a URL instead of ${typeName(value)}`);
}

function truthIn(map: YamlMap, key: string, path: string): boolean | undefined {
  const value = map.get(key) ?? undefined;
  if (value === undefined || typeof value === 'boolean') return value;
  // In quotes, too, as in the reference.
  const text = typeof value === 'string' ? value.toLowerCase() : '';
  if (['y', 'yes', 'on', 'true'].includes(text)) return true;
  if (['n', 'no', 'off', 'false'].includes(text)) return false;
  throw invalid(path, `${key}: expected true or false instead of ${typeName(value)}`);
}

function invalid(path: string, problem: string, cause?: unknown): OcipushError {
  return new OcipushError(
    'CONFIG_INVALID',
    `parsing signature storage configuration ${path}: ${problem}`,
    { origin: 'config', hint: 'correct the file; its format is that of registries.d', cause },
  );
}
