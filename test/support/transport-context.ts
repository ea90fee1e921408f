/** What transports are given in tests. */
import type { TransportContext } from '../../src/transports/transport.ts';
import { registryOptions } from './registry-options.ts';

/** Whatever is not given must not be used. */
export function makeContext(given: Partial<TransportContext> = {}): TransportContext {
  const unused = (): never => {
    throw new Error('not to be used here');
  };
  return {
    signal: new AbortController().signal,
    registry: registryOptions({ certificatesFor: unused, credentialsFor: unused }),
    temporaryDirectory: '/nowhere',
    environment: {},
    standardInput: unused,
    warn: unused,
    ...given,
  };
}
