/** Whether a registry accepts credentials, before anything is done with them. */
import { wrapError } from '../errors.ts';
import { isRefusal } from './answer-error.ts';
import { RegistryClient } from './client.ts';
import type { Credentials, RegistryOptions } from './options.ts';

/**
 * Asks the registry, `host[:port]`, for its base (distribution specification, end-1) with these
 * credentials, or for a token without a scope where it wants one.
 * @throws OcipushError REGISTRY_UNAUTHORIZED when it does not accept them; what kept it from saying so
 */
export async function checkCredentials(
  registry: string,
  credentials: Credentials,
  options: Omit<RegistryOptions, 'credentialsFor'>,
  signal: AbortSignal,
): Promise<void> {
  const asThem = { ...options, credentialsFor: async () => credentials };
  await using client = await RegistryClient.openRegistry(registry, asThem, signal);
  const attempt = `pinging container registry ${registry}`;
  try {
    await client.send({ method: 'GET', target: '/v2/', accept: [200], attempt });
  } catch (error) {
    signal.throwIfAborted();
    if (isRefusal(error)) throw error;
    throw wrapError(error, attempt, { code: 'REGISTRY_UNREACHABLE' });
  }
}
