/** `oci:PATH[:REFERENCE|:@INDEX]`: an image in an OCI layout directory. */
import { OcipushError } from '../../errors.ts';
import type { ImageSource, SourceReference } from '../transport.ts';
import type { ImageSelector } from './entry.ts';
import { layoutDirectory } from './layout.ts';
import { openLayoutSource } from './source.ts';

/** Reference names as the reference takes them (image/oci/internal/oci_util.go). */
const REFERENCE_NAME =
  /^[A-Za-z0-9]+(?:(?:[-._:@+]|--)[A-Za-z0-9]+)*(?:\/[A-Za-z0-9]+(?:(?:[-._:@+]|--)[A-Za-z0-9]+)*)*$/;

/** @throws OcipushError REFERENCE_INVALID */
export function parseOciLayoutReference(text: string): SourceReference {
  const { path, selector } = splitLayoutReference(text);
  const reference: SourceReference = {
    transport: 'oci',
    toString: () => `oci:${text}`,
    openSource: (): Promise<ImageSource> =>
      openLayoutSource(reference, layoutDirectory(path), selector),
  };
  return reference;
}

/**
 * Splits at the first colon, as the paths of layouts and their archives hold none.
 * @throws OcipushError REFERENCE_INVALID
 */
export function splitLayoutReference(text: string): { path: string; selector: ImageSelector } {
  const colon = text.indexOf(':');
  const path = colon < 0 ? text : text.slice(0, colon);
  const image = colon < 0 ? '' : text.slice(colon + 1);
  if (path === '') throw new OcipushError('REFERENCE_INVALID', 'the path of the image is missing');
  if (image === '') return { path, selector: { by: 'only' } };
  if (image.startsWith('@')) return { path, selector: { by: 'index', index: parseIndex(image) } };
  if (REFERENCE_NAME.test(image)) return { path, selector: { by: 'name', name: image } };
  throw new OcipushError('REFERENCE_INVALID', `Invalid image ${image}`);
}

/**
 * Parses `@N`.
 * @throws OcipushError REFERENCE_INVALID
 */
export function parseIndex(text: string): number {
  if (/^@\d{1,9}$/.test(text)) return Number(text.slice(1));
  const problem = /^@-\d+$/.test(text) ? 'must not be negative' : 'not an integer';
  throw new OcipushError('REFERENCE_INVALID', `Invalid source index ${text}: ${problem}`);
}
