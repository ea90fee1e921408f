/** The services of sigstore in a test, and how they are reached. */
import { onTestFinished } from 'vitest';
import type { ServiceOptions } from '../../../src/signing/sigstore/service.ts';
import type { OidcClient } from '../../../src/signing/sigstore/oidc-provider.ts';
import { registryOptions } from '../../support/registry-options.ts';
import { fakeClock, type FakeClock } from '../../support/fake-clock.ts';
import { CLIENT_ID } from '../../support/sigstore/provider.ts';
import { startSigstoreServices, type SigstoreServices } from '../../support/sigstore/services.ts';

export interface OpenServices {
  readonly services: SigstoreServices;
  readonly options: ServiceOptions & { readonly clock: FakeClock };
  readonly client: OidcClient;
}

export const signal = new AbortController().signal;

/** They live as long as the test. */
export async function openServices(): Promise<OpenServices> {
  const services = await startSigstoreServices();
  onTestFinished(() => services[Symbol.asyncDispose]());
  return {
    services,
    options: { ...registryOptions(), clock: fakeClock() },
    client: { issuer: new URL(services.issuerURL), clientID: CLIENT_ID, clientSecret: '' },
  };
}
