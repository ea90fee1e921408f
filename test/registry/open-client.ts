/** A registry client in a test: plain HTTP after HTTPS has failed, and no time that passes. */
import { onTestFinished } from 'vitest';
import type { RepositoryName } from '../../src/image/blob.ts';
import { RegistryClient } from '../../src/registry/client.ts';
import type { RegistryOptions } from '../../src/registry/options.ts';
import { fakeClock, type FakeClock } from '../support/fake-clock.ts';
import { registryOptions } from '../support/registry-options.ts';
import { startRegistry, type Registry } from '../support/registry/registry.ts';
import type { RegistryOptions as Served } from '../support/registry/registry.ts';

interface ClientSettings extends Partial<RegistryOptions> {
  readonly signal?: AbortSignal;
  readonly path?: string;
}

export interface OpenClient {
  readonly client: RegistryClient;
  readonly clock: FakeClock;
}

export const PASSWORD = { kind: 'basic', user: 'me', password: 'secret' } as const;

/** A client for `team/app` at `host`, anonymous and without verification unless told. */
export async function openClient(host: string, settings: ClientSettings = {}): Promise<OpenClient> {
  const { signal = new AbortController().signal, path = 'team/app', ...options } = settings;
  const clock = fakeClock();
  const repository: RepositoryName = { registry: host, path };
  const client = await RegistryClient.open(
    repository,
    'pull,push',
    registryOptions({ tlsVerify: false, clock, ...options }),
    signal,
  );
  onTestFinished(() => client[Symbol.asyncDispose]());
  return { client, clock };
}

/** A registry that lives as long as the test, and a client for it. */
export async function openRegistry(
  served: Served = {},
  settings: ClientSettings = {},
): Promise<OpenClient & { readonly registry: Registry }> {
  const registry = await startRegistry(served);
  onTestFinished(() => registry[Symbol.asyncDispose]());
  return { registry, ...(await openClient(registry.host, settings)) };
}

/** Method, path below the repository, query names and status of all requests. */
export function traceOf({ requests }: Registry): readonly string[] {
  return requests.map(({ method, path, query, status }) => {
    const names = [...query.keys()].filter((name) => name !== '_state').join('&');
    const target = path.replace(/^\/v2\/team\/app\//, '').replace(/(uploads\/|sha256:).+/, '$1…');
    return `${method} ${target}${names === '' ? '' : `?${names}`} ${status}`;
  });
}
