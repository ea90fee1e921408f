import { describe, expect, test } from 'vitest';
import { runBrowserFlow } from '../../../src/signing/sigstore/browser-flow.ts';
import { EMAIL } from '../../support/sigstore/provider.ts';
import { thrownBy } from '../../support/thrown.ts';
import { openServices, signal } from './open-services.ts';

/** A clock on which nobody's patience ends. */
const patient = { sleep: () => new Promise<void>(() => undefined) };

async function open() {
  const { services, options, client } = await openServices();
  const waiting = { ...options, clock: { ...options.clock, ...patient } };
  return { services, options, waiting, client };
}

/** Where the provider sends the browser back to. */
async function redirectOf(page: URL): Promise<URL> {
  const answer = await fetch(page, { redirect: 'manual' });
  return new URL(answer.headers.get('location') ?? '');
}

describe('the browser flow', () => {
  test('gets the token that the browser was sent back for', async () => {
    const { services, waiting, client } = await open();
    const answers: Promise<string>[] = [];
    const browse = (page: URL) => {
      answers.push(fetch(page).then((answer) => answer.text()));
    };
    const token = await runBrowserFlow(client, browse, waiting, signal);
    expect(token.subject).toBe(EMAIL);
    expect(await Promise.all(answers)).toEqual(['You are signed in. This window can be closed.\n']);
    expect(services.requests).toEqual([
      'GET /oidc/.well-known/openid-configuration',
      'GET /oidc/auth',
      'POST /oidc/token',
    ]);
  });

  test('is not misled by others who call', async () => {
    const { waiting, client } = await open();
    const statuses: number[] = [];
    const browse = async (page: URL): Promise<void> => {
      const back = await redirectOf(page);
      const call = async (change: (url: URL) => void): Promise<void> => {
        const url = new URL(back);
        change(url);
        statuses.push((await fetch(url)).status);
      };
      await call((url) => url.searchParams.set('state', 'guessed'));
      await call((url) => url.searchParams.delete('state'));
      await call((url) => {
        url.pathname = '/';
      });
      await call(() => undefined);
    };
    let browsing: Promise<void> | undefined;
    const flow = runBrowserFlow(
      client,
      (page) => {
        browsing = browse(page);
      },
      waiting,
      signal,
    );
    expect((await flow).subject).toBe(EMAIL);
    await browsing;
    expect(statuses).toEqual([404, 404, 404, 200]);
  });

  test('ends when the user refuses', async () => {
    const { waiting, client } = await open();
    const browse = (page: URL): void => {
      const refuse = async (): Promise<void> => {
        const back = await redirectOf(page);
        back.searchParams.delete('code');
        back.searchParams.set('error', 'access_denied');
        await fetch(back);
      };
      void refuse();
    };
    expect(await thrownBy(runBrowserFlow(client, browse, waiting, signal))).toMatchObject({
      code: 'SIGNING_FAILED',
    });
  });

  test('ends when nobody comes', async () => {
    const { options, client } = await open();
    const error = await thrownBy(runBrowserFlow(client, () => undefined, options, signal));
    expect(error.message).toContain('nobody did in time');
    expect(options.clock.sleeps).toEqual([300_000]);
  });

  test('does not take a token that answers another request', async () => {
    const { services, waiting, client } = await open();
    const token = await services.provider.token({ nonce: 'of another' });
    services.fault = ({ path }) =>
      path === '/oidc/token' ? { status: 200, body: { id_token: token } } : undefined;
    const browse = (page: URL): void => void fetch(page);
    const error = await thrownBy(runBrowserFlow(client, browse, waiting, signal));
    expect(error.message).toContain('it answers another request');
  });

  test('does not take a code for which the provider gives nothing', async () => {
    const { services, waiting, client } = await open();
    services.fault = ({ path }) =>
      path === '/oidc/token' ? { status: 400, body: { error: 'invalid_grant' } } : undefined;
    const browse = (page: URL): void => void fetch(page);
    const error = await thrownBy(runBrowserFlow(client, browse, waiting, signal));
    expect(error.message).toContain('invalid_grant');
  });
});
