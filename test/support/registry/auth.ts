/** The ways in which a registry can be guarded, and the credentials for them. */

export interface BasicAuth {
  readonly kind: 'basic';
  readonly user: string;
  readonly password: string;
  /** Reading and the ping need no credentials, so that the challenge first comes on the POST. */
  readonly anonymousPull?: boolean;
}

export interface BearerAuth {
  readonly kind: 'bearer';
  /** Without `user` and `identityToken` everybody is given every token. */
  readonly user?: string;
  readonly password?: string;
  /** Tokens for pulling are given without credentials. */
  readonly anonymousPull?: boolean;
  /** 300 unless told; 0 gives tokens that have expired on arrival. */
  readonly tokenLifetimeSeconds?: number;
  /** Accepted as `refresh_token` in a POST; without it the token server answers 404 to POST. */
  readonly identityToken?: string;
  /** Only the first `scope` parameter counts, as at old GitLab. */
  readonly firstScopeOnly?: boolean;
}

/** How the registry is guarded. */
export type RegistryAuth = BasicAuth | BearerAuth;

/** The name of this registry to its token server. */
export const SERVICE = 'registry.test';

/** The value of an Authorization header for basic authentication. */
export function basicCredentials(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** The token in an Authorization header. */
export function bearerToken(header: string | undefined): string | undefined {
  return /^bearer ([^ ]+)$/i.exec(header ?? '')?.[1];
}
