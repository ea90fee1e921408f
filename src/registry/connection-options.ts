/** How registries are reached from this machine: what its configuration says, and what was asked for. */
import { createProxyLookup } from '../config/proxy.ts';
import { createSecurityLookup } from '../config/registry-security.ts';
import { readSystemAuthorities } from '../config/system-authorities.ts';
import type { Warn } from '../config/warn.ts';
import { systemClock } from '../io/retry-clock.ts';
import { dial } from './dial.ts';
import { DEFAULT_LIMITS, type RegistryOptions } from './options.ts';
import { UploadHosts } from './upload-host.ts';
import { USER_AGENT } from './user-agent.ts';

export interface ConnectionWish {
  /** `false`: any certificate will do, and plain HTTP where HTTPS fails; unset: as configured. */
  readonly tlsVerify?: boolean | undefined;
  /** A directory with certificates for all registries. */
  readonly certDir?: string | undefined;
}

/**
 * Reads nothing yet.
 * @param environment says where the configuration is
 * @param warn told of what stands there and means nothing
 */
export function connectionOptions(
  { tlsVerify, certDir }: ConnectionWish,
  environment: NodeJS.ProcessEnv,
  warn: Warn,
): Omit<RegistryOptions, 'credentialsFor'> {
  return {
    tlsVerify,
    securityOf: createSecurityLookup(environment, warn),
    systemAuthorities: () => readSystemAuthorities(environment),
    proxyFor: createProxyLookup(environment),
    dial,
    certificatesFor: async (host) => {
      const { createCertificateLookup } = await import('../config/certs-d.ts');
      return createCertificateLookup({ certDir, home: environment['HOME'] || undefined })(host);
    },
    userAgent: USER_AGENT,
    clock: systemClock,
    limits: DEFAULT_LIMITS,
    hosts: new UploadHosts(),
  };
}
