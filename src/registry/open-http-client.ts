/** The HTTP client for one host, under the settings that go for it. */
import type { RegistrySecurity } from '../config/registry-security.ts';
import { HttpClient } from './http.ts';
import type { RegistryOptions } from './options.ts';

/** What of the settings says how a host is reached. */
export type HostOptions = Pick<
  RegistryOptions,
  'certificatesFor' | 'systemAuthorities' | 'proxyFor' | 'dial' | 'limits'
>;

/** @throws OcipushError CONFIG_INVALID for certificates that cannot be used; nothing is sent yet */
export async function openHttpClient(
  host: string,
  security: RegistrySecurity,
  { certificatesFor, systemAuthorities, proxyFor, dial, limits }: HostOptions,
): Promise<HttpClient> {
  const certificates = await certificatesFor(host);
  return new HttpClient({ certificates, security, systemAuthorities, proxyFor, dial, limits });
}
