/** Where a registry listens, and how safely it must be spoken to. */
import type { RegistrySecurity } from '../config/registry-security.ts';
import type { RepositoryName } from '../image/blob.ts';
import type { RegistryOptions } from './options.ts';

/** docker.io is the name of a registry that listens elsewhere (reference: docker/docker_client.go). */
export function registryUrl(registry: string, scheme: 'https:' | 'http:' = 'https:'): URL {
  return new URL(`${scheme}//${registry === 'docker.io' ? 'registry-1.docker.io' : registry}`);
}

/** Also where it is that of the scheme, which a URL leaves out. */
export function portOf({ protocol, port }: URL): number {
  return Number(port || (protocol === 'https:' ? 443 : 80));
}

/** `host:port`, also where the port is that of the scheme. */
export function hostAndPort(url: URL): string {
  return `${url.hostname}:${portOf(url)}`;
}

/**
 * What was typed beats the configuration, which may still block the registry.
 * @throws OcipushError POLICY_REJECTED, CONFIG_INVALID
 */
export async function securityOf(
  { registry, path }: RepositoryName,
  options: Pick<RegistryOptions, 'securityOf' | 'tlsVerify'>,
): Promise<RegistrySecurity> {
  const configured = await options.securityOf(path === '' ? registry : `${registry}/${path}`);
  if (options.tlsVerify === undefined) return configured;
  return options.tlsVerify ? 'secure' : 'insecure';
}
