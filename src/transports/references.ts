/** Parses what a person types for a source or a destination; each transport loads when it is named. */
import { OcipushError } from '../errors.ts';
import type { DestinationReference, SourceReference } from './transport.ts';

type Parse<T> = () => Promise<(rest: string) => T>;

const SOURCES: Readonly<Record<string, Parse<SourceReference>>> = {
  dir: async () => (await import('./dir/reference.ts')).parseDirReference,
  'docker-archive': async () =>
    (await import('./docker-archive/reference.ts')).parseDockerArchiveReference,
  oci: async () => (await import('./oci-layout/reference.ts')).parseOciLayoutReference,
  'oci-archive': async () => (await import('./oci-archive/reference.ts')).parseOciArchiveReference,
};

const DESTINATIONS: Readonly<Record<string, Parse<DestinationReference>>> = {
  docker: async () => (await import('./registry/reference.ts')).parseRegistryReference,
};

/** All transports of containers-transports(5): a word that is one of them is never a registry. */
const TRANSPORTS = [
  'containers-storage',
  'dir',
  'docker',
  'docker-archive',
  'docker-daemon',
  'oci',
  'oci-archive',
];

/**
 * `TRANSPORT:…`, or a path that says by its content what it is.
 * @throws OcipushError REFERENCE_INVALID, UNSUPPORTED
 */
export async function parseSourceReference(text: string): Promise<SourceReference> {
  if (looksLikePath(text)) return (await import('./path.ts')).pathReference(text);
  const { transport, rest } = split(text);
  const parse = transport === undefined ? undefined : SOURCES[transport];
  if (parse) return (await parse())(rest);
  throw unsupported('source', text, transport, Object.keys(SOURCES));
}

/**
 * `TRANSPORT:…`, or the name of an image at a registry.
 * @throws OcipushError REFERENCE_INVALID, UNSUPPORTED
 */
export async function parseDestinationReference(text: string): Promise<DestinationReference> {
  const { transport, rest } = split(text);
  if (transport === undefined) return parseDestinationReference(`docker://${text}`);
  const parse = DESTINATIONS[transport];
  if (parse) return (await parse())(rest);
  throw unsupported('destination', text, transport, Object.keys(DESTINATIONS));
}

/** A path or standard input, and not the name of an image. */
function looksLikePath(text: string): boolean {
  return text === '-' || /^\.{0,2}\//.test(text);
}

function split(text: string): { transport: string | undefined; rest: string } {
  const colon = text.indexOf(':');
  const transport = text.slice(0, Math.max(0, colon));
  return TRANSPORTS.includes(transport)
    ? { transport, rest: text.slice(colon + 1) }
    : { transport: undefined, rest: text };
}

function unsupported(
  origin: 'source' | 'destination',
  text: string,
  transport: string | undefined,
  supported: readonly string[],
): OcipushError {
  const what = transport === undefined ? `names in local container storage` : `"${transport}:"`;
  return new OcipushError(
    'UNSUPPORTED',
    `Invalid image name "${text}": ${what} cannot be a ${origin} of this version`,
    { origin, hint: `use one of ${supported.map((name) => `${name}:`).join(', ')}` },
  );
}
