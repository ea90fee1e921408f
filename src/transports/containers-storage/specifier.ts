/** `[driver@graphroot+runroot:option,option]`: the storage that a reference names itself. */
import { isAbsolute } from 'node:path';
import { driverName, imageStoresOf, type StorageConf } from '../../config/storage-conf.ts';
import { OcipushError } from '../../errors.ts';

/** Where to look; what is undefined is where the configuration says. */
export type StoreSpecifier = Partial<StorageConf> & Pick<StorageConf, 'additionalImageStores'>;

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
  // What belongs to containers, in the run root, is not needed to read images.
  const [graphRoot, runRoot] = splitAt(paths, '+');
  for (const path of [graphRoot, runRoot ?? '']) {
    if (path !== '' && !isAbsolute(path)) throw invalid(`[${text}]`, `path ${path} not absolute`);
  }
  return {
    driver: driverName(driver),
    ...(graphRoot !== '' && { graphRoot }),
    additionalImageStores: imageStoresOf(options.split(',')),
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
