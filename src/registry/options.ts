/** How to reach registries: the settings that come from flags and configuration. */
import type { HostCertificates } from '../config/certs-d.ts';
import type { ProxyLookup } from '../config/proxy.ts';
import type { RegistrySecurity } from '../config/registry-security.ts';
import type { Credentials } from '../config/credentials.ts';
import type { Digest } from '../image/digest.ts';
import type { RateLimit } from '../io/rate-limit.ts';
import type { RetryClock } from '../io/retry-clock.ts';
import type { Dial } from './dial.ts';
import type { UploadHosts } from './upload-host.ts';

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
  readonly dial: Dial;
  /** Credentials for a repository, `host[:port]/path`; undefined means anonymous. */
  credentialsFor(repository: string): Promise<Credentials | undefined>;
  readonly userAgent: string;
  readonly clock: RetryClock;
  readonly limits: TransferLimits;
  /** What is learned of registries in this run. */
  readonly hosts: UploadHosts;
  /** Told of what went wrong and is done again. */
  readonly onSetback?: (setback: Setback) => void;
}

/** How long to wait for the other side, and how fast to send. */
export interface TransferLimits {
  /** Milliseconds in which a connection must be there. */
  readonly connectTimeout: number;
  /** Milliseconds in which some byte must move. */
  readonly stallTimeout: number;
  /** Over all uploads of the run; unset: none. */
  readonly rate?: RateLimit | undefined;
}

/** The reference's dial timeout; what users of other tools ask for where uploads hang. */
export const DEFAULT_LIMITS: TransferLimits = { connectTimeout: 30_000, stallTimeout: 60_000 };

/** Something that failed for a reason that may pass. Blobs are named by their digest at the source. */
export type Setback =
  | {
      readonly kind: 'retry';
      readonly what: 'request' | 'blob';
      /** Set for a blob. */
      readonly blob?: Digest | undefined;
      /** 1 for the first repetition since something was achieved. */
      readonly attempt: number;
      readonly of: number;
      readonly delayMilliseconds: number;
      readonly error: Error;
    }
  /** The registry has so many bytes of it already. */
  | {
      readonly kind: 'resume';
      readonly blob?: Digest | undefined;
      readonly offset: number;
    };
