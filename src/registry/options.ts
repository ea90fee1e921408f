/** How to reach registries: the settings that come from flags and configuration. */
import type { HostCertificates } from '../config/certs-d.ts';
import type { ProxyLookup } from '../config/proxy.ts';
import type { RegistrySecurity } from '../config/registry-security.ts';
import type { Credentials } from '../config/credentials.ts';
import type { RetryClock } from '../io/retry-clock.ts';

export type { Credentials } from '../config/credentials.ts';

export interface RegistryOptions {
  /** What was typed, which counts more than {@link securityOf}. */
  readonly tlsVerify?: boolean | undefined;
  /**
   * How safely a repository, `host[:port]/path`, must be spoken to.
   * @throws OcipushError POLICY_REJECTED when it must not be spoken to at all
   */
  securityOf(repository: string): Promise<RegistrySecurity>;
  /** Certificates for one host, `host[:port]` spelled as in the reference. */
  certificatesFor(host: string): Promise<HostCertificates>;
  /** Whom the machine trusts, in PEM form; undefined where nobody says: then those Node knows. */
  readonly systemAuthorities: () => readonly string[] | undefined;
  readonly proxyFor: ProxyLookup;
  /** Credentials for a repository, `host[:port]/path`; undefined means anonymous. */
  credentialsFor(repository: string): Promise<Credentials | undefined>;
  readonly userAgent: string;
  readonly clock: RetryClock;
}
