/** `oci:PATH[:REFERENCE|:@INDEX]`: an image in an OCI layout directory. */
import { OcipushError } from '../../errors.ts';
import type { DestinationReference, SourceReference } from '../transport.ts';
import type { LayoutTarget } from './destination.ts';
import type { ImageSelector } from './entry.ts';

/** Reference names as the reference takes them (image/oci/internal/oci_util.go). */
const REFERENCE_NAME =
  /^[A-Za-z0-9]+(?:(?:[-._:@+]|--)[A-Za-z0-9]+)*(?:\/[A-Za-z0-9]+(?:(?:[-._:@+]|--)[A-Za-z0-9]+)*)*$/;

/** @throws OcipushError REFERENCE_INVALID */
export function parseOciLayoutReference(text: string): SourceReference & DestinationReference {
  const { path, selector } = splitLayoutReference(text);
  const reference: SourceReference & DestinationReference = {
    transport: 'oci',
    toString: () => `oci:${text}`,
    openSource: async () => {
      const [{ openLayoutSource }, { layoutDirectory }] = await Promise.all([
        import('./source.ts'),
        import('./layout.ts'),
      ]);
      return openLayoutSource(reference, layoutDirectory(path), selector);
    },
    openDestination: async (context) => {
      const target = layoutTarget(path, selector);
      const { openLayoutDestination } = await import('./destination.ts');
      return openLayoutDestination(reference, target, context);
    },
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
  if (path === '') throw invalid('the path of the image is missing', 'write PATH or PATH:NAME');
  if (image === '') return { path, selector: { by: 'only' } };
  if (image.startsWith('@')) return { path, selector: { by: 'index', index: parseIndex(image) } };
  if (REFERENCE_NAME.test(image)) return { path, selector: { by: 'name', name: image } };
  throw invalid(
    `Invalid image ${image}`,
    'a name has letters and digits, and single - . _ : @ + or / between them',
  );
}

/** @throws OcipushError REFERENCE_INVALID, as images are written under a name or none */
export function layoutTarget(path: string, selector: ImageSelector): LayoutTarget {
  if (selector.by !== 'index') {
    return { path, name: selector.by === 'name' ? selector.name : undefined };
  }
  throw new OcipushError(
    'REFERENCE_INVALID',
    `Destination reference must not contain a manifest index @${selector.index}`,
    { origin: 'usage', hint: 'name the image instead, or leave the name out' },
  );
}

/**
 * Parses `@N`.
 * @throws OcipushError REFERENCE_INVALID
 */
export function parseIndex(text: string): number {
  if (/^@\d{1,9}$/.test(text)) return Number(text.slice(1));
  const problem = /^@-\d+$/.test(text) ? 'must not be negative' : 'not an integer';
  throw invalid(`Invalid source index ${text}: ${problem}`, '@0 is the first image');
}

function invalid(message: string, hint: string): OcipushError {
  return new OcipushError('REFERENCE_INVALID', message, { hint });
}
