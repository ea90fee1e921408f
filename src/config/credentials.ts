/** What a registry accepts as proof of who is pushing. */

export interface BasicCredentials {
  readonly kind: 'basic';
  readonly user: string;
  readonly password: string;
}

export type Credentials =
  | BasicCredentials
  | { readonly kind: 'identity-token'; readonly token: string };

/** Credentials for a repository, `host[:port]/path`; undefined means anonymous. */
export type CredentialLookup = (repository: string) => Promise<Credentials | undefined>;
