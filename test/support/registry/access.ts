/** Who may do what: the challenge of the registry, and the check of what a client answers to it. */
import { failure, type Answer } from './answer.ts';
import { basicCredentials, bearerToken, SERVICE, type RegistryAuth } from './auth.ts';
import type { Exchange, Route } from './exchange.ts';
import type { TokenServer } from './token-server.ts';

/** One action on one repository. */
export interface Access {
  readonly name: string;
  readonly action: 'pull' | 'push' | 'delete';
}

/** What a request needs; a mount needs to pull from its source as well. */
function accessFor(exchange: Exchange, route: Route): readonly Access[] {
  if (!('name' in route)) return [];
  const { name } = route;
  const from = exchange.query.get('from') ?? '';
  const source: readonly Access[] = from === '' ? [] : [{ name: from, action: 'pull' }];
  switch (exchange.method) {
    case 'GET':
    case 'HEAD':
      return [{ name, action: 'pull' }, ...source];
    case 'DELETE':
      return [{ name, action: 'delete' }, ...source];
    default:
      return [{ name, action: 'pull' }, { name, action: 'push' }, ...source];
  }
}

/** The refusal of a request that lacks the right credentials; undefined when it may go on. */
export function refuseUnauthorised(
  exchange: Exchange,
  route: Route,
  auth: RegistryAuth | undefined,
  tokens: TokenServer,
): Answer | undefined {
  if (auth === undefined) return undefined;
  const needed = accessFor(exchange, route);
  if (auth.kind === 'bearer') return refuseToken(exchange, needed, tokens);
  const isRead = needed.every(({ action }) => action === 'pull');
  if (auth.anonymousPull === true && isRead) return undefined;
  if (exchange.headers.authorization === basicCredentials(auth.user, auth.password)) {
    return undefined;
  }
  return challenge('Basic realm="registry"', needed);
}

function refuseToken(
  exchange: Exchange,
  needed: readonly Access[],
  tokens: TokenServer,
): Answer | undefined {
  const realm = `Bearer realm="${exchange.origin}/token",service="${SERVICE}"`;
  const scope = scopeOf(needed);
  const scoped = scope === '' ? realm : `${realm},scope="${scope}"`;
  const token = bearerToken(exchange.headers.authorization);
  if (token === undefined) return challenge(scoped, needed);
  const granted = tokens.granted(token);
  if (granted === undefined) return challenge(`${scoped},error="invalid_token"`, needed);
  const isEnough = needed.every(({ name, action }) => granted.has(`${name}:${action}`));
  return isEnough ? undefined : challenge(`${scoped},error="insufficient_scope"`, needed);
}

/** One scope for each repository, as in `repository:a/b:pull,push repository:c/d:pull`. */
function scopeOf(needed: readonly Access[]): string {
  const actions = new Map<string, Set<string>>();
  for (const { name, action } of needed) {
    actions.set(name, (actions.get(name) ?? new Set()).add(action));
  }
  return [...actions].map(([name, set]) => `repository:${name}:${[...set].join(',')}`).join(' ');
}

function challenge(value: string, needed: readonly Access[]): Answer {
  const records = needed.map(({ name, action }) => ({
    Type: 'repository',
    Class: '',
    Name: name,
    Action: action,
  }));
  const answer = failure('UNAUTHORIZED', records.length === 0 ? null : records);
  return { ...answer, headers: { ...answer.headers, 'www-authenticate': value } };
}
