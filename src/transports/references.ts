/** Parses what a person types for a source or a destination; each transport loads when it is named. */
import { OcipushError, withDetails, wrapError } from '../errors.ts';
import { isPathLike } from '../io/path-like.ts';
import type { DestinationReference, SourceReference } from './transport.ts';

type AnyReference = SourceReference & DestinationReference;

/** A word that is the name of a transport never is that of an image, here and below. */
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

const TRANSPORT_NAMES = Object.keys(TRANSPORTS).join(', ');

/** Other transports of podman and skopeo. */
const NOT_SPOKEN = new Set(['atomic', 'ostree', 'sif', 'tarball']);

/**
 * `TRANSPORT:…`, a path that says by its content what it is, or a name in local container storage.
 * @throws OcipushError REFERENCE_INVALID, UNSUPPORTED
 */
export async function parseSourceReference(text: string): Promise<SourceReference> {
  if (looksLikePath(text)) return (await import('./path.ts')).pathReference(text);
  const reference = await parseTyped(text);
  if (reference !== undefined) return reference;
  const { storageNameReference } = await import('./containers-storage/reference.ts');
  return parseName(text, async () => storageNameReference(text));
}

/**
 * `TRANSPORT:…`, or the name of an image at a registry.
 * @throws OcipushError REFERENCE_INVALID, UNSUPPORTED
 */
export async function parseDestinationReference(text: string): Promise<DestinationReference> {
  const reference = await parseTyped(text);
  return reference ?? parseName(text, () => parseDestinationReference(`docker://${text}`));
}

/** What begins with no transport is the name of an image; what is neither may have been meant as either. */
async function parseName<T>(text: string, parse: () => Promise<T>): Promise<T> {
  return parse().catch((error: unknown) => {
    const attempt = `parsing image name ${JSON.stringify(text)}`;
    const failure = wrapError(error, attempt, { code: 'REFERENCE_INVALID', origin: 'usage' });
    const hint =
      failure.hint ?? `write HOST/NAME:TAG, or a transport before it: ${TRANSPORT_NAMES}`;
    throw withDetails(failure, { hint });
  });
}

/** Undefined when the text does not begin with a transport. */
async function parseTyped(text: string): Promise<AnyReference | undefined> {
  const colon = text.indexOf(':');
  const transport = text.slice(0, Math.max(0, colon));
  if (NOT_SPOKEN.has(transport)) {
    throw new OcipushError('UNSUPPORTED', `the transport ${transport}: is not supported`, {
      origin: 'usage',
      hint: `use another transport: ${TRANSPORT_NAMES}`,
    });
  }
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
  return text === '-' || isPathLike(text);
}
