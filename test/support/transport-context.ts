/** What transports are given in tests. */
import { systemClock } from '../../src/io/retry-clock.ts';
import type { TransportContext } from '../../src/transports/transport.ts';

/** Whatever is not given must not be used. */
export function makeContext(given: Partial<TransportContext> = {}): TransportContext {
  const unused = (): never => {
    throw new Error('not to be used here');
  };
  return {
    signal: new AbortController().signal,
    registry: {
      certificatesFor: unused,
      credentialsFor: unused,
      userAgent: 'test',
      clock: systemClock,
    },
    temporaryDirectory: '/nowhere',
    environment: {},
    standardInput: unused,
    warn: unused,
    ...given,
  };
}
