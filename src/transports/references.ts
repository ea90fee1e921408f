/** Parses what a person types for a source or a destination; each transport loads when it is named. */
import { OcipushError, withDetails } from '../errors.ts';
import type { DestinationReference, SourceReference } from './transport.ts';

type AnyReference = SourceReference & DestinationReference;

/** The transports of containers-transports(5): a word that is one of them is never a registry. */
const TRANSPORTS: Readonly<Record<string, () => Promise<(rest: string) => AnyReference>>> = {
  'containers-storage': async () =>
    (await import('./containers-storage/reference.ts')).parseContainersStorageReference,
  dir: async () => (await import('./dir/reference.ts')).parseDirReference,
  docker: async () => (await import('./registry/reference.ts')).parseRegistryReference,
  'docker-archive': async () =>
    (await import('./docker-archive/reference.ts')).parseDockerArchiveReference,
  'docker-daemon': async () =>
    (await import('./docker-daemon/reference.ts')).parseDockerDaemonReference,
  oci: async () => (await import('./oci-layout/reference.ts')).parseOciLayoutReference,
  'oci-archive': async () => (await import('./oci-archive/reference.ts')).parseOciArchiveReference,
};

/**
 * `TRANSPORT:…`, a path that says by its content what it is, or a name in local container storage.
 * @throws OcipushError REFERENCE_INVALID
 */
export async function parseSourceReference(text: string): Promise<SourceReference> {
  if (looksLikePath(text)) return (await import('./path.ts')).pathReference(text);
  const reference = await parseTyped(text);
  if (reference !== undefined) return reference;
  return (await import('./containers-storage/reference.ts')).storageNameReference(text);
}

/**
 * `TRANSPORT:…`, or the name of an image at a registry.
 * @throws OcipushError REFERENCE_INVALID
 */
export async function parseDestinationReference(text: string): Promise<DestinationReference> {
  return (await parseTyped(text)) ?? parseDestinationReference(`docker://${text}`);
}

/** Undefined when the text does not begin with a transport. */
async function parseTyped(text: string): Promise<AnyReference | undefined> {
  const colon = text.indexOf(':');
  const transport = text.slice(0, Math.max(0, colon));
  if (!Object.hasOwn(TRANSPORTS, transport)) return undefined;
  const parse = await TRANSPORTS[transport]?.();
  try {
    return parse?.(text.slice(colon + 1));
  } catch (error) {
    // What is wrong is what was typed, whoever finds that.
    throw error instanceof OcipushError ? withDetails(error, { origin: 'usage' }) : error;
  }
}

/** A path or standard input, and not the name of an image. */
function looksLikePath(text: string): boolean {
  return text === '-' || /^\.{0,2}\//.test(text);
}
