/** How registries are reached in tests: straight, anonymously, and trusting whom Node trusts. */
import { systemClock } from '../../src/io/retry-clock.ts';
import type { ConnectionSettings } from '../../src/registry/connections.ts';
import type { RegistryOptions } from '../../src/registry/options.ts';

export const STRAIGHT: ConnectionSettings = {
  certificates: { authorities: [], clients: [] },
  security: 'secure',
  systemAuthorities: () => undefined,
  proxyFor: () => undefined,
};

export function registryOptions(given: Partial<RegistryOptions> = {}): RegistryOptions {
  const { certificates, security, systemAuthorities, proxyFor } = STRAIGHT;
  return {
    certificatesFor: async () => certificates,
    securityOf: async () => security,
    systemAuthorities,
    proxyFor,
    credentialsFor: async () => undefined,
    userAgent: 'agent/1',
    clock: systemClock,
    ...given,
  };
}
