/** One request as the handlers see it, and the routes of the registry. */
import type { IncomingHttpHeaders } from 'node:http';
import { parseDigest, type Digest } from '../../../src/image/digest.ts';

/** The body can be read once; chunks are the reader's to keep. */
export interface Exchange {
  readonly method: string;
  /** Decoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Scheme, host and port as the client spells them: what absolute URLs in answers start with. */
  readonly origin: string;
  readonly body: AsyncIterable<Uint8Array>;
}

/** The digest that a client wrote; undefined when it is none. */
export function asDigest(text: string): Digest | undefined {
  try {
    return parseDigest(text);
  } catch {
    return undefined;
  }
}

/** The resource that a path names. */
export type Route =
  | { readonly kind: 'base' }
  | { readonly kind: 'token' }
  | { readonly kind: 'tags'; readonly name: string }
  | { readonly kind: 'blob'; readonly name: string; readonly digest: string }
  | { readonly kind: 'referrers'; readonly name: string; readonly digest: string }
  | { readonly kind: 'signatures'; readonly name: string; readonly digest: string }
  | { readonly kind: 'upload'; readonly name: string; readonly uuid: string }
  | { readonly kind: 'manifest'; readonly name: string; readonly reference: string };

const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const NAME = `(?<name>${COMPONENT}(?:/${COMPONENT})*)`;
const DIGEST = '[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+';

type Groups = Partial<Readonly<Record<'name' | 'digest' | 'uuid' | 'reference', string>>>;

const ROUTES: readonly (readonly [RegExp, (groups: Groups) => Route])[] = [
  [/^\/v2\/$/, () => ({ kind: 'base' })],
  [/^\/token$/, () => ({ kind: 'token' })],
  [new RegExp(`^/v2/${NAME}/tags/list$`), ({ name = '' }) => ({ kind: 'tags', name })],
  [
    new RegExp(`^/v2/${NAME}/blobs/(?<digest>${DIGEST})$`),
    ({ name = '', digest = '' }) => ({ kind: 'blob', name, digest }),
  ],
  [
    new RegExp(`^/v2/${NAME}/blobs/uploads/(?<uuid>[a-zA-Z0-9-_.=]*)$`),
    ({ name = '', uuid = '' }) => ({ kind: 'upload', name, uuid }),
  ],
  [
    new RegExp(`^/v2/${NAME}/manifests/(?<reference>\\w[\\w.-]{0,127}|${DIGEST})$`),
    ({ name = '', reference = '' }) => ({ kind: 'manifest', name, reference }),
  ],
  [
    new RegExp(`^/v2/${NAME}/referrers/(?<digest>${DIGEST})$`),
    ({ name = '', digest = '' }) => ({ kind: 'referrers', name, digest }),
  ],
  [
    new RegExp(`^/extensions/v2/${NAME}/signatures/(?<digest>${DIGEST})$`),
    ({ name = '', digest = '' }) => ({ kind: 'signatures', name, digest }),
  ],
];

/** The route of a path; undefined where the real registry's router knows none. */
export function routeOf(path: string): Route | undefined {
  for (const [pattern, routeFrom] of ROUTES) {
    const match = pattern.exec(path);
    if (match !== null) return routeFrom(match.groups ?? {});
  }
  return undefined;
}
