/** The services of sigstore on a free port of 127.0.0.1, which check what they are sent. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf } from '../../../src/errors.ts';
import { createAuthority, type Authority } from './authority.ts';
import { createFulcio } from './fulcio.ts';
import { createProvider, type Provider } from './provider.ts';
import { createLog, type Log } from './rekor.ts';

export interface ServiceRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface ServiceAnswer {
  readonly status: number;
  readonly body?: string | object;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Service = (request: ServiceRequest) => ServiceAnswer | Promise<ServiceAnswer>;

/** Answers in the place of a service; what is undefined is left to it. */
export type Fault = (
  request: ServiceRequest,
  honest: () => Promise<ServiceAnswer>,
) => ServiceAnswer | Promise<ServiceAnswer> | undefined;

export interface SigstoreServices extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  readonly fulcioURL: string;
  readonly rekorURL: string;
  readonly issuerURL: string;
  readonly authority: Authority;
  readonly provider: Provider;
  readonly log: Log;
  /** Method and path of every request, in order. */
  readonly requests: readonly string[];
  fault: Fault;
}

/** RSA keys take long to make. */
let sharedAuthority: Authority | undefined;

export async function startSigstoreServices(): Promise<SigstoreServices> {
  const requests: string[] = [];
  const server = createServer((incoming, response) => {
    const serve = async (): Promise<void> => {
      const { status, body = '', headers } = await answer(incoming);
      const isText = typeof body === 'string';
      response.writeHead(status, isText ? headers : { 'content-type': JSON_TYPE, ...headers });
      response.end(isText ? body : JSON.stringify(body));
    };
    serve().catch((error: unknown) => response.writeHead(500).end(messageOf(error)));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const authority = (sharedAuthority ??= createAuthority());
  const provider = await createProvider(`${origin}/oidc`);
  const log = createLog();
  const routes: Readonly<Record<string, Service>> = {
    fulcio: createFulcio(authority, provider),
    rekor: log.serve,
    oidc: provider.serve,
  };
  const services: SigstoreServices = {
    origin,
    fulcioURL: `${origin}/fulcio`,
    rekorURL: `${origin}/rekor/`,
    issuerURL: `${origin}/oidc`,
    authority,
    provider,
    log,
    requests,
    fault: () => undefined,
    [Symbol.asyncDispose]: async () => {
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
  const answer = async (incoming: IncomingMessage): Promise<ServiceAnswer> => {
    const request = await receive(incoming);
    requests.push(`${request.method} ${request.path}`);
    const [, name = '', ...rest] = request.path.split('/');
    const honest = async (): Promise<ServiceAnswer> =>
      (await routes[name]?.({ ...request, path: `/${rest.join('/')}` })) ?? { status: 404 };
    return (await services.fault(request, honest)) ?? honest();
  };
  return services;
}

const JSON_TYPE = 'application/json';

async function receive(incoming: IncomingMessage): Promise<ServiceRequest> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Uint8Array);
  const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://services');
  return {
    method: incoming.method ?? '',
    path: pathname,
    query: searchParams,
    headers: incoming.headers,
    body: Buffer.concat(chunks).toString(),
  };
}
