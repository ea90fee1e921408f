/** Has the user confirm who they are in a browser on this machine (RFC 8252). */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { wrapError } from '../../errors.ts';
import { checkAudience, type IdentityToken } from './identity-token.ts';
import {
  clientFields,
  createCodeProof,
  discoverEndpoints,
  oauthError,
  randomText,
  readTokenAnswer,
  SCOPE,
  sendForm,
  type OidcClient,
} from './oidc-provider.ts';
import { badAnswer, type ServiceOptions } from './service.ts';

const ATTEMPT = 'signing in with the browser';
const CALLBACK = '/auth/callback';
const RETRY = 'sign in on the page that is shown, with a user whom the provider knows';
/** Milliseconds that a user is waited for. */
const PATIENCE = 300_000;

/** How the browser comes to a page: it is opened there, or the user is told to. */
export type ShowPage = (page: URL) => void;

/** @throws OcipushError SIGNING_FAILED, also when the user refuses or takes too long */
export async function runBrowserFlow(
  client: OidcClient,
  show: ShowPage,
  options: ServiceOptions,
  signal: AbortSignal,
): Promise<IdentityToken> {
  const endpoints = await discoverEndpoints(client, options, signal);
  if (endpoints.authorization === undefined) {
    throw badAnswer(ATTEMPT, 'the provider does not support it', 'try oidcMode: deviceGrant');
  }
  const proof = createCodeProof();
  const [state, nonce] = [randomText(), randomText()];
  const callback = await listenForCallback(state);
  try {
    const page = new URL(endpoints.authorization);
    const query = {
      response_type: 'code',
      client_id: client.clientID,
      redirect_uri: callback.address,
      scope: SCOPE,
      state,
      nonce,
      code_challenge_method: 'S256',
      code_challenge: proof.challenge,
    };
    for (const [name, value] of Object.entries(query)) page.searchParams.set(name, value);
    show(page);
    const code = await withinPatience(callback.code, options, signal);
    const fields = {
      ...clientFields(client),
      grant_type: 'authorization_code',
      code,
      redirect_uri: callback.address,
      code_verifier: proof.verifier,
    };
    const request = { url: endpoints.token, attempt: ATTEMPT };
    const response = await sendForm(request, fields, options, signal);
    const error = oauthError(response, ATTEMPT);
    if (error !== undefined) throw badAnswer(ATTEMPT, `the provider answered ${error}`);
    const token = await readTokenAnswer(response, ATTEMPT);
    checkAudience(token, { ...client, nonce });
    return token;
  } finally {
    callback.close();
  }
}

interface Callback {
  /** Where the browser is to be sent with the code. */
  readonly address: string;
  readonly code: Promise<string>;
  close(): void;
}

/** Listens on this machine alone; what does not know `state` is not who was sent here. */
async function listenForCallback(state: string): Promise<Callback> {
  const server = createServer();
  const code = new Promise<string>((resolve, reject) => {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const url = new URL(request.url ?? '/', 'http://localhost');
      const query = url.searchParams;
      if (url.pathname !== CALLBACK || query.get('state') !== state) {
        response.writeHead(404, { connection: 'close' }).end();
        return;
      }
      const found = query.get('code');
      const words = found === null ? 'Signing in was refused.' : 'You are signed in.';
      response.writeHead(200, { 'content-type': 'text/plain', connection: 'close' });
      // Only then, for the listener is closed right after.
      response.end(`${words} This window can be closed.\n`, () => {
        if (found === null) reject(badAnswer(ATTEMPT, 'the provider refused', RETRY));
        else resolve(found);
      });
    });
  });
  // It may be refused before it is waited for.
  code.catch(() => undefined);
  const port = await listen(server);
  return {
    address: `http://localhost:${port}${CALLBACK}`,
    code,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function listen(server: Server): Promise<number> {
  try {
    server.listen(0, 'localhost');
    await once(server, 'listening');
  } catch (error) {
    throw wrapError(error, ATTEMPT, { code: 'SIGNING_FAILED', origin: 'config' });
  }
  return (server.address() as AddressInfo).port;
}

async function withinPatience(
  code: Promise<string>,
  { clock }: ServiceOptions,
  signal: AbortSignal,
): Promise<string> {
  const arrived = new AbortController();
  const waiting = AbortSignal.any([signal, arrived.signal]);
  const late = clock.sleep(PATIENCE, waiting).then(() => {
    throw badAnswer(ATTEMPT, 'nobody did in time', RETRY);
  });
  try {
    return await Promise.race([code, late]);
  } finally {
    late.catch(() => undefined);
    arrived.abort();
  }
}
