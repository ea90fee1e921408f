/** How registries are reached in tests: straight, anonymously, and trusting whom Node trusts. */
import { systemClock } from '../../src/io/retry-clock.ts';
import { dial } from '../../src/registry/dial.ts';
import type { ConnectionSettings } from '../../src/registry/connections.ts';
import { DEFAULT_LIMITS, type RegistryOptions } from '../../src/registry/options.ts';
import { UploadHosts } from '../../src/registry/upload-host.ts';

export const STRAIGHT: ConnectionSettings = {
  certificates: { authorities: [], clients: [] },
  security: 'secure',
  systemAuthorities: () => undefined,
  proxyFor: () => undefined,
  dial,
  limits: DEFAULT_LIMITS,
};

export function registryOptions(given: Partial<RegistryOptions> = {}): RegistryOptions {
  const { certificates, security, systemAuthorities, proxyFor, limits } = STRAIGHT;
  return {
    certificatesFor: async () => certificates,
    securityOf: async () => security,
    systemAuthorities,
    proxyFor,
    dial,
    credentialsFor: async () => undefined,
    userAgent: 'agent/1',
    clock: systemClock,
    limits,
    hosts: new UploadHosts(),
    ...given,
  };
}
