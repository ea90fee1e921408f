/** Docker references, `name[:tag][@digest]`, normalised the way docker and podman do it. */
import { messageOf, OcipushError } from '../errors.ts';
import { parseDigest, type Digest } from './digest.ts';

/** A normalised reference: domain and path are always there, neither tag nor digest need be. */
export interface NamedReference {
  /** Host of the registry, with its port if it has one; `docker.io` where the name had none. */
  readonly domain: string;
  /** Repository below the domain; `library/x` where the name was just `x`. */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const DEFAULT_DOMAIN = 'docker.io';
const LEGACY_DEFAULT_DOMAIN = 'index.docker.io';
const MAX_NAME_LENGTH = 255;

const DOMAIN_COMPONENT = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const DOMAIN = new RegExp(`^${DOMAIN_COMPONENT}(?:\\.${DOMAIN_COMPONENT})*(?::[0-9]+)?$`);

const PATH_COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const TAG = '\\w[\\w.-]{0,127}';
const ALGORITHM = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*';
const REMAINDER = new RegExp(
  `^(${PATH_COMPONENT}(?:/${PATH_COMPONENT})*)(?::(${TAG}))?(?:@(${ALGORITHM}:[0-9a-fA-F]{32,}))?$`,
);

/**
 * Parses what a user may type, full or short. A tag and a digest may both be there: transports
 * that cannot serve both have to say so.
 * @throws OcipushError REFERENCE_INVALID
 */
export function parseDockerReference(text: string): NamedReference {
  if (/^[a-f0-9]{64}$/.test(text)) {
    throw invalid(
      `invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`,
      'name a repository: an image ID is none',
    );
  }
  const { domain, remainder } = splitDomain(text);
  const [name = ''] = remainder.split(':', 1);
  if (name !== name.toLowerCase()) {
    const afterName = text.slice(text.length - remainder.length + name.length);
    const lowered = text.slice(0, text.length - afterName.length).toLowerCase();
    throw invalid(
      'invalid reference format: repository name must be lowercase',
      `write ${lowered}${afterName}`,
    );
  }
  const match = DOMAIN.test(domain) ? REMAINDER.exec(remainder) : null;
  if (match === null) throw invalid('invalid reference format', formatHint(text));
  const [, path = '', tag, digest] = match;
  if (`${domain}/${path}`.length > MAX_NAME_LENGTH) {
    throw invalid(`repository name must not be more than ${MAX_NAME_LENGTH} characters`);
  }
  return {
    domain,
    path,
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest: checkedDigest(digest) }),
  };
}

/** Whether a text can be the host of a registry, with its port if it has one. */
export function isDomain(text: string): boolean {
  return DOMAIN.test(text);
}

/** Whether a text can be the tag of an image. */
export function isTag(text: string): boolean {
  return new RegExp(`^${TAG}$`).test(text);
}

/** The reference with the tag `latest` where it had neither tag nor digest. */
export function withDefaultTag(reference: NamedReference): NamedReference {
  if (reference.tag !== undefined || reference.digest !== undefined) return reference;
  return { ...reference, tag: 'latest' };
}

/** The full form, such as `docker.io/library/busybox:1`. */
export function formatReference(reference: NamedReference): string {
  return repositoryOf(reference) + suffixOf(reference);
}

/** The shortest form that means the same, such as `busybox:1`: for people to read. */
export function familiarReference(reference: NamedReference): string {
  const { domain, path } = reference;
  const shortest = path.replace(/^library\/(?=[^/]+$)/, '');
  const read = splitDomain(shortest);
  const same = read.domain === domain && read.remainder === path;
  return (same ? shortest : repositoryOf(reference)) + suffixOf(reference);
}

/** Domain and path, without tag and digest. */
export function repositoryOf(reference: NamedReference): string {
  return `${reference.domain}/${reference.path}`;
}

function suffixOf({ tag, digest }: NamedReference): string {
  return (tag === undefined ? '' : `:${tag}`) + (digest === undefined ? '' : `@${digest}`);
}

/** Only a first component that looks like a host is one; anything else is on Docker Hub. */
function splitDomain(text: string): { readonly domain: string; readonly remainder: string } {
  const [first = ''] = text.split('/', 1);
  const named = first !== text && (/[.:]/.test(first) || first === 'localhost');
  const domain = named && first !== LEGACY_DEFAULT_DOMAIN ? first : DEFAULT_DOMAIN;
  const remainder = named ? text.slice(first.length + 1) : text;
  const official = domain === DEFAULT_DOMAIN && !remainder.includes('/');
  return { domain, remainder: official ? `library/${remainder}` : remainder };
}

function checkedDigest(text: string): Digest {
  try {
    return parseDigest(text);
  } catch (error) {
    throw invalid(messageOf(error), 'a digest is sha256: and 64 lower-case hexadecimal digits');
  }
}

function formatHint(text: string): string | undefined {
  if (/^[a-z]+:\/\//i.test(text)) return 'leave out the scheme: REGISTRY/REPOSITORY:TAG';
  if (text.startsWith('[')) return 'write a host name or an IPv4 address instead of an IPv6 one';
  return undefined;
}

function invalid(message: string, hint?: string): OcipushError {
  return new OcipushError('REFERENCE_INVALID', message, { hint });
}
