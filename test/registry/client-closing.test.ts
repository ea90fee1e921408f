import { once } from 'node:events';
import { expect, test } from 'vitest';
import type { RetryClock } from '../../src/io/retry-clock.ts';
import { RegistryClient } from '../../src/registry/client.ts';
import { registryOptions } from '../support/registry-options.ts';
import { thrownBy } from '../support/thrown.ts';
import { serveHttp } from './server.ts';

test('a closed client repeats no request any more', async () => {
  const { url } = await serveHttp((_request, response) => response.writeHead(503).end());
  const falling = new EventTarget();
  const clock: RetryClock = {
    now: () => 0,
    random: () => 0,
    sleep: async (_milliseconds, signal) => {
      falling.dispatchEvent(new Event('asleep'));
      await once(signal, 'abort');
      signal.throwIfAborted();
    },
  };
  const client = await RegistryClient.open(
    { registry: url.host, path: 'team/app' },
    'pull,push',
    registryOptions({ tlsVerify: false, clock }),
    new AbortController().signal,
  );
  const asleep = once(falling, 'asleep');
  const error = thrownBy(
    client.send({ method: 'GET', target: 'tags/list', accept: [200], attempt: 'asking' }),
  );
  await asleep;
  await client[Symbol.asyncDispose]();
  expect(await error).toMatchObject({ code: 'ABORTED' });
});
