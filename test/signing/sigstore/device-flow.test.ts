import { describe, expect, test } from 'vitest';
import { runDeviceFlow } from '../../../src/signing/sigstore/device-flow.ts';
import { EMAIL } from '../../support/sigstore/provider.ts';
import type { ServiceAnswer } from '../../support/sigstore/services.ts';
import { thrownBy } from '../../support/thrown.ts';
import { openServices, signal } from './open-services.ts';

async function run(prepare: { patience?: readonly string[]; clientSecret?: string } = {}) {
  const { services, options, client } = await openServices();
  services.provider.patience.push(...(prepare.patience ?? []));
  const told: string[] = [];
  const { clientSecret = '' } = prepare;
  const tell = (message: string) => told.push(message);
  const flow = () => runDeviceFlow({ ...client, clientSecret }, tell, options, signal);
  return { services, options, told, flow };
}

/** Answers at one path as told, else honestly. */
function at(path: string, change: (honest: object) => object, status = 200) {
  return async (request: { path: string }, honest: () => Promise<ServiceAnswer>) => {
    const answer = await honest();
    if (request.path !== path) return answer;
    return { status, body: change(answer.body as object) };
  };
}

const DISCOVERY = '/oidc/.well-known/openid-configuration';

describe('the device flow', () => {
  test('tells the user what to do, and waits', async () => {
    const { services, options, told, flow } = await run({
      patience: ['authorization_pending', 'slow_down', 'authorization_pending'],
    });
    expect((await flow()).subject).toBe(EMAIL);
    expect(told).toEqual([
      `Enter the verification code ABCD-EFGH in your browser at: ${services.issuerURL}/device-page`,
      'Code will be valid for 300 seconds',
    ]);
    expect(options.clock.sleeps).toEqual([3000, 3000, 8000, 8000]);
    expect(services.requests).toEqual([
      `GET ${DISCOVERY}`,
      'POST /oidc/device',
      'POST /oidc/token',
      'POST /oidc/token',
      'POST /oidc/token',
      'POST /oidc/token',
    ]);
  });

  test.each([['access_denied'], ['expired_token']])('ends with %s', async (error) => {
    const { flow } = await run({ patience: [error] });
    expect((await thrownBy(flow())).message).toContain(error);
  });

  test('does not wait longer than the code is valid', async () => {
    const { flow, options, services } = await run();
    services.fault = at('/oidc/token', () => ({ error: 'authorization_pending' }), 400);
    expect((await thrownBy(flow())).message).toContain('in time');
    expect(options.clock.sleeps).toEqual(Array(100).fill(3000));
  });

  test.each<readonly [path: string, change: object]>([
    [DISCOVERY, { issuer: 'https://else.test' }],
    [DISCOVERY, { device_authorization_endpoint: undefined }],
    [DISCOVERY, { device_authorization_endpoint: 'file:///x' }],
    [DISCOVERY, { token_endpoint: 7 }],
    ['/oidc/device', { user_code: '\u001b[2J' }],
    ['/oidc/device', { user_code: undefined }],
    ['/oidc/device', { device_code: 1 }],
    ['/oidc/device', { verification_uri: 'javascript:alert(1)' }],
    ['/oidc/device', { verification_uri: 'http://[' }],
    ['/oidc/device', { expires_in: -1 }],
    ['/oidc/device', { interval: 'soon' }],
    ['/oidc/token', { id_token: 'secret' }],
    ['/oidc/token', { id_token: undefined }],
  ])('refuses from %s: %j', async (path, change) => {
    const { services, flow } = await run();
    services.fault = at(path, (honest) => ({ ...honest, ...change }));
    const error = await thrownBy(flow());
    expect(error).toMatchObject({ code: 'SIGNING_FAILED', origin: 'config' });
    expect(error.message).not.toContain('secret');
  });

  test('refuses a token for another client', async () => {
    const { services, flow } = await run();
    const token = await services.provider.token({ aud: 'other' });
    services.fault = at('/oidc/token', () => ({ id_token: token }));
    const error = await thrownBy(flow());
    expect(error).toMatchObject({ code: 'SIGNING_FAILED' });
  });

  test('shows the secret of the client to the provider alone', async () => {
    const clientSecret = 'a secret of the client';
    const { services, flow } = await run({ clientSecret });
    const bodies: string[] = [];
    services.fault = (request) => {
      if (request.path !== '/oidc/device') return undefined;
      bodies.push(request.body);
      return { status: 403, body: `no: ${new URLSearchParams(request.body).get('client_secret')}` };
    };
    const error = await thrownBy(flow());
    expect(bodies[0]).toContain('client_secret=a+secret+of+the+client');
    expect(error.message).toContain('returned 403: "no: ***"');
  });
});
