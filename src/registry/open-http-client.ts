/** The HTTP client for one host, under the settings that go for it. */
import type { RegistrySecurity } from '../config/registry-security.ts';
import { HttpClient } from './http.ts';
import type { RegistryOptions } from './options.ts';

/** @throws OcipushError CONFIG_INVALID for certificates that cannot be used; nothing is sent yet */
export async function openHttpClient(
  host: string,
  security: RegistrySecurity,
  options: RegistryOptions,
): Promise<HttpClient> {
  const certificates = await options.certificatesFor(host);
  const { systemAuthorities, proxyFor, limits } = options;
  return new HttpClient({ certificates, security, systemAuthorities, proxyFor, limits });
}
