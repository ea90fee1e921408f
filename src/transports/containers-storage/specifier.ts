/** `[driver@graphroot+runroot:option,option]`: the storage that a reference names itself. */
import { isAbsolute } from 'node:path';
import {
  driverName,
  imageStoresOf,
  readStorageConf,
  type StorageConf,
} from '../../config/storage-conf.ts';
import { OcipushError } from '../../errors.ts';
import type { TransportContext } from '../transport.ts';

/** Whose configuration counts, and who is told of what it holds. */
export type ConfigContext = Pick<TransportContext, 'environment' | 'warn'>;

/** Where to look; what is undefined is where the configuration says. */
export interface StoreSpecifier {
  /** As it was written, brackets included. */
  readonly text: string;
  readonly driver: string | undefined;
  readonly graphRoot: string | undefined;
  /** Holds what belongs to containers: images are read without it. */
  readonly runRoot: string | undefined;
  /** Of the driver, `NAME=VALUE`. */
  readonly options: readonly string[];
}

/**
 * The storage of a reference. A specifier with a graph root takes the place of the configuration,
 * not of single settings in it.
 * @throws OcipushError CONFIG_INVALID
 */
export async function specifiedStorage(
  specifier: StoreSpecifier | undefined,
  { environment, warn }: ConfigContext,
): Promise<StorageConf> {
  if (specifier === undefined) return readStorageConf(environment, warn);
  const { driver, graphRoot, options } = specifier;
  const given = { driver, additionalImageStores: imageStoresOf(options) };
  return graphRoot === undefined
    ? { ...(await readStorageConf(environment, warn)), ...given }
    : { ...given, graphRoot, imageStore: undefined };
}

/**
 * The specifier at the beginning of a reference, if it has one, and what stands behind it.
 * @throws OcipushError REFERENCE_INVALID
 */
export function splitSpecifier(text: string): {
  readonly specifier: StoreSpecifier | undefined;
  readonly rest: string;
} {
  if (!text.startsWith('[')) return { specifier: undefined, rest: text };
  const end = text.indexOf(']');
  if (end < 0) throw invalid(text, 'the ] is missing');
  return { specifier: parseSpecifier(text.slice(1, end)), rest: text.slice(end + 1) };
}

function parseSpecifier(text: string): StoreSpecifier {
  const { driver, places } = splitDriver(text);
  if (places === '' || driver === '') throw invalid(`[${text}]`, 'its path is missing');
  const [paths, options = ''] = splitAt(places, ':');
  const [graphRoot, runRoot = ''] = splitAt(paths, '+');
  for (const path of [graphRoot, runRoot]) {
    if (path !== '' && !isAbsolute(path)) throw invalid(`[${text}]`, `path ${path} not absolute`);
  }
  return {
    text: `[${text}]`,
    driver: driverName(driver),
    graphRoot: graphRoot || undefined,
    runRoot: runRoot || undefined,
    options: options.split(',').filter((option) => option !== ''),
  };
}

function splitDriver(text: string): { readonly driver?: string; readonly places: string } {
  const [driver, places] = splitAt(text, '@');
  return places === undefined ? { places: text } : { driver, places };
}

function splitAt(text: string, separator: string): readonly [string, string?] {
  const index = text.indexOf(separator);
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + 1)];
}

function invalid(text: string, problem: string): OcipushError {
  return new OcipushError('REFERENCE_INVALID', `invalid storage specifier ${text}: ${problem}`, {
    origin: 'source',
    hint: 'write [driver@/graphroot+/runroot]NAME or [/graphroot]NAME',
  });
}
