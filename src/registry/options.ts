/** How to reach registries: the settings that come from flags and configuration. */
import type { HostCertificates } from '../config/certs-d.ts';
import type { Credentials } from '../config/credentials.ts';
import type { RetryClock } from '../io/retry-clock.ts';

export type { Credentials } from '../config/credentials.ts';

export interface RegistryOptions {
  /** `undefined`: verify. `false`: accept any certificate, and plain HTTP where HTTPS fails. */
  readonly tlsVerify?: boolean | undefined;
  /** Certificates for one host, `host[:port]` spelled as in the reference. */
  certificatesFor(host: string): Promise<HostCertificates>;
  /** Credentials for a repository, `host[:port]/path`; undefined means anonymous. */
  credentialsFor(repository: string): Promise<Credentials | undefined>;
  readonly userAgent: string;
  readonly clock: RetryClock;
}
