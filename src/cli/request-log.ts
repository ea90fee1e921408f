/** Tells of every HTTP request that the process makes, for `--log-level=debug`. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';

/** What undici publishes; its documentation calls these members stable. */
interface Exchange {
  readonly request: {
    readonly origin: string | URL;
    readonly method: string;
    readonly path: string;
  };
  readonly response?: { readonly statusCode: number };
}

/** Members of a query that say what a request is about; of all others only the names are shown. */
const TELLING = new Set(['digest', 'from', 'mount', 'scope', 'service']);

/**
 * Hears of requests until the returned function is called.
 * @param log is told method, address, status and milliseconds until the answer began
 */
export function logRequests(
  log: (message: string) => void,
  now: () => number = () => performance.now(),
): () => void {
  const begins = new WeakMap<object, number>();
  const began = (message: unknown): void => {
    begins.set((message as Exchange).request, now());
  };
  const ended = (message: unknown): void => {
    const { request, response } = message as Exchange;
    const begin = begins.get(request);
    // What breaks off within the answer has been told of.
    if (begin === undefined) return;
    begins.delete(request);
    const milliseconds = Math.round(now() - begin);
    const outcome = response === undefined ? 'no answer' : String(response.statusCode);
    log(`${request.method} ${shownAddress(request)}: ${outcome} after ${milliseconds} ms`);
  };
  const channels = [
    ['undici:request:create', began],
    ['undici:request:headers', ended],
    ['undici:request:error', ended],
  ] as const;
  for (const [name, listener] of channels) subscribe(name, listener);
  return () => {
    for (const [name, listener] of channels) unsubscribe(name, listener);
  };
}

/** Upload sessions and redirects carry secrets in their queries. */
function shownAddress({ origin, path }: Exchange['request']): string {
  const url = new URL(path, origin);
  const query = Array.from(url.searchParams, ([name, value]) =>
    TELLING.has(name) ? `${name}=${value}` : `${name}=…`,
  );
  return `${url.origin}${url.pathname}${query.length > 0 ? `?${query.join('&')}` : ''}`;
}
