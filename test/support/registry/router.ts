/** Hands a request to its endpoint, after the checks that come first. */
import { refuseUnauthorised } from './access.ts';
import { content, empty, failure, text, type Answer } from './answer.ts';
import type { RegistryAuth } from './auth.ts';
import { answerBlob } from './blobs.ts';
import { routeOf, type Exchange, type Route } from './exchange.ts';
import { answerManifest, answerTags } from './manifests.ts';
import type { ManifestRules } from './manifest-check.ts';
import { answerReferrers, withSubject } from './referrers.ts';
import type { Repositories } from './repository.ts';
import type { TokenServer } from './token-server.ts';
import { answerSignatures, SUPPORTS_SIGNATURES } from './signatures.ts';
import type { Uploads } from './uploads.ts';

/** The parts of a registry that endpoints work on. */
export interface Parts {
  readonly auth: RegistryAuth | undefined;
  readonly tokens: TokenServer;
  readonly repositories: Repositories;
  readonly uploads: Uploads;
  readonly rules: ManifestRules;
  readonly referrersPage: number | undefined;
  readonly storesSignatures: boolean;
}

const METHODS: Readonly<Record<Route['kind'], readonly string[]>> = {
  base: ['DELETE', 'GET', 'HEAD', 'PATCH', 'POST', 'PUT'],
  token: ['GET', 'POST'],
  tags: ['GET'],
  blob: ['DELETE', 'GET', 'HEAD'],
  upload: ['DELETE', 'GET', 'HEAD', 'PATCH', 'POST', 'PUT'],
  manifest: ['DELETE', 'GET', 'HEAD', 'PUT'],
  referrers: ['GET'],
  signatures: ['GET', 'PUT'],
};

/** The registry's answer to a request that nothing disturbs. */
export async function answerRequest(exchange: Exchange, parts: Parts): Promise<Answer> {
  const answer = await answerPath(exchange, parts);
  if (!parts.storesSignatures) return answer;
  return { ...answer, headers: { ...answer.headers, ...SUPPORTS_SIGNATURES } };
}

async function answerPath(exchange: Exchange, parts: Parts): Promise<Answer> {
  const route = routeOf(exchange.path);
  if (route === undefined || !isOffered(route, parts)) return answerUnknown(exchange.path);
  if (route.kind !== 'token') {
    const refusal = refuseUnauthorised(exchange, route, parts.auth, parts.tokens);
    if (refusal !== undefined) return refusal;
  }
  if ('name' in route && route.name.length > 255) {
    return failure('UNKNOWN', { Name: route.name, Reason: {} });
  }
  const methods = METHODS[route.kind];
  if (!methods.includes(exchange.method)) {
    return text(405, 'Method not allowed', { allow: methods.join(', ') });
  }
  return answerRoute(exchange, route, parts);
}

/** What 2.8 does not have is there only where it was asked for. */
function isOffered({ kind }: Route, { storesSignatures, referrersPage }: Parts): boolean {
  if (kind === 'signatures') return storesSignatures;
  return kind !== 'referrers' || referrersPage !== undefined;
}

/** A path that only lacks its last slash is redirected, which loses the body of a POST. */
function answerUnknown(path: string): Answer {
  if (routeOf(`${path}/`) !== undefined) return empty(301, { location: `${path}/` });
  return text(404, '404 page not found');
}

async function answerRoute(exchange: Exchange, route: Route, parts: Parts): Promise<Answer> {
  if (route.kind === 'base') {
    return content(200, Buffer.from('{}'), { 'content-type': 'application/json; charset=utf-8' });
  }
  if (route.kind === 'token') return parts.tokens.answer(exchange);
  if (route.kind === 'upload') return parts.uploads.answer(exchange, route.name, route.uuid);
  const repository = parts.repositories.get(route.name);
  if (route.kind === 'signatures') return answerSignatures(exchange, repository, route.digest);
  const { referrersPage: page = 0 } = parts;
  if (route.kind === 'referrers') return answerReferrers(exchange, repository, route.digest, page);
  if (route.kind === 'tags') return answerTags(repository);
  if (route.kind === 'blob') return answerBlob(exchange, repository, route.digest);
  const answer = await answerManifest(exchange, repository, route.reference, parts.rules);
  return page > 0 ? withSubject(answer, repository) : answer;
}
