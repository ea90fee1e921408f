/** What a registry accepts as proof of who is pushing. */

export type Credentials =
  | { readonly kind: 'basic'; readonly user: string; readonly password: string }
  | { readonly kind: 'identity-token'; readonly token: string };

/** Credentials for a repository, `host[:port]/path`; undefined means anonymous. */
export type CredentialLookup = (repository: string) => Promise<Credentials | undefined>;
