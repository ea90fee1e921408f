/** Whom a TLS connection trusts, and the certificate that it shows. */
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import type { HostCertificates } from '../config/certs-d.ts';
import type { RegistrySecurity } from '../config/registry-security.ts';

export interface TlsSettings {
  readonly certificates: HostCertificates;
  readonly security: RegistrySecurity;
  /** Whom the machine trusts, in PEM form; undefined where nobody says: then those Node knows. */
  readonly systemAuthorities: () => readonly string[] | undefined;
}

/** Parsing the authorities of a machine takes 20 ms: each context is made when it is first needed. */
export class SecureContexts {
  readonly #settings: TlsSettings;
  readonly #made = new Map<number, SecureContext>();
  #proxy: SecureContext | undefined;

  constructor(settings: TlsSettings) {
    this.#settings = settings;
  }

  /** For the registry and where it leads, with the client certificate of this number, if any. */
  get(client: number): SecureContext {
    const made = this.#made.get(client) ?? this.#make(client);
    this.#made.set(client, made);
    return made;
  }

  /** For a proxy, which what was said of the registry does not concern. */
  get forProxy(): SecureContext {
    this.#proxy ??= createSecureContext(trusting(this.#settings.systemAuthorities()));
    return this.#proxy;
  }

  #make(index: number): SecureContext {
    const { certificates, security, systemAuthorities } = this.#settings;
    const client = certificates.clients[index];
    return createSecureContext({
      // Nobody's certificate is checked against any: an empty list saves Node to parse its own.
      ...(security === 'secure'
        ? trusting(systemAuthorities(), certificates.authorities)
        : { ca: [] }),
      ...(client && { cert: client.certificate, key: client.key }),
    });
  }
}

/** Without a list Node takes its own. */
function trusting(
  system: readonly string[] | undefined,
  others: readonly string[] = [],
): { readonly ca?: string[] } {
  if (system === undefined && others.length === 0) return {};
  return { ca: [...(system ?? rootCertificates), ...others] };
}
