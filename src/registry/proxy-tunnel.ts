/** Connections through an HTTP proxy: RFC 9110, 9.3.6 (CONNECT). */
import { request, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { OcipushError, type ErrorDetails } from '../errors.ts';
import { connectionError } from './connection-error.ts';

const HINT =
  'check the proxy that HTTPS_PROXY or HTTP_PROXY names, or put the registry into NO_PROXY';
const PASSWORD_HINT = 'put USER:PASSWORD@ before the host in HTTPS_PROXY or HTTP_PROXY';

/** Says at a proxy who one is, where its URL does. */
export function proxyHeaders({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === '' && password === '') return {};
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` };
}

/**
 * Has a proxy connect a socket that leads to it to `target`, a `host:port`.
 * @param timeout milliseconds that the proxy may take
 * @throws OcipushError REGISTRY_UNREACHABLE; the socket is then gone
 */
export async function openTunnel(
  socket: Socket,
  proxy: URL,
  target: string,
  timeout: number,
): Promise<Socket> {
  const asking = request({
    method: 'CONNECT',
    path: target,
    headers: { host: target, ...proxyHeaders(proxy) },
    createConnection: () => socket,
    timeout,
  });
  try {
    const status = await new Promise<number>((resolve, reject) => {
      asking.once('connect', ({ statusCode = 0 }) => resolve(statusCode));
      asking.once('timeout', () => asking.destroy(new Error('no answer to CONNECT')));
      asking.once('error', reject);
      asking.end();
    });
    if (status >= 200 && status < 300) return socket.setTimeout(0);
    throw refusal(status, proxy);
  } catch (error) {
    socket.destroy();
    throw error instanceof OcipushError ? error : proxyError(error, proxy);
  }
}

/** The error of a proxy that could not be reached; its message has nothing of the credentials. */
export function proxyError(error: unknown, proxy: URL): OcipushError {
  const { code, message, context, retryable } = connectionError(
    error,
    'CONNECT',
    new URL(proxy.origin),
  );
  const details = { context: { ...context, proxy: proxy.host }, retryable, hint: HINT };
  return unreachable(message, { ...details, cause: error }, code);
}

function refusal(status: number, proxy: URL): OcipushError {
  const text = `${status} ${STATUS_CODES[status] ?? ''}`.trimEnd();
  return unreachable(`Connect "${proxy.origin}/": the proxy answered ${text}`, {
    // Not as `status`, which would be the registry's.
    context: { proxyStatus: status, proxy: proxy.host },
    hint: status === 407 ? PASSWORD_HINT : HINT,
    retryable: status >= 500,
  });
}

function unreachable(
  message: string,
  details: ErrorDetails,
  code: OcipushError['code'] = 'REGISTRY_UNREACHABLE',
): OcipushError {
  return new OcipushError(code, `proxyconnect tcp: ${message}`, {
    origin: 'destination',
    ...details,
  });
}
