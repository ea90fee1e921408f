/** Serves one request: log, fault, answer. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text, type Answer } from './answer.ts';
import { bearerToken } from './auth.ts';
import type { Exchange } from './exchange.ts';
import { answerWithFault, ConnectionBroken, type Wire } from './fault-actions.ts';
import type { FaultTable, TakenFault } from './faults.ts';
import { answerWithinLimit } from './body-limit.ts';
import type { Connection } from './listener.ts';
import type { RequestLog } from './request-log.ts';
import { answerRequest, type Parts } from './router.ts';

interface ServiceSettings {
  readonly scheme: 'http' | 'https';
  readonly parts: Parts;
  readonly faults: FaultTable;
  readonly log: RequestLog;
  readonly bodyLimit: number;
}

/** Serves the requests of one registry. */
export class Service {
  /** What went wrong without being asked to. */
  readonly bugs: unknown[] = [];
  readonly #settings: ServiceSettings;

  constructor(settings: ServiceSettings) {
    this.#settings = settings;
  }

  async serve(
    request: IncomingMessage,
    response: ServerResponse,
    connection: Connection,
  ): Promise<void> {
    const [path, query] = splitTarget(request.url ?? '/');
    const { method = 'GET', headers } = request;
    const parameters = new URLSearchParams(query);
    const { log } = this.#settings;
    const arrival = { method, path, query: parameters, headers, connection: connection.number };
    const entry = log.arrive(arrival);
    const count = (chunk: Uint8Array): void => {
      entry.bodyBytes += chunk.length;
    };
    const body = counted(request, count);
    const origin = this.#originOf(request);
    const exchange = { method, path, query: parameters, headers, origin, body };
    try {
      const wire = wireOf(response, connection);
      const fault = this.#settings.faults.take({ method, path, query });
      entry.fault = fault?.action;
      const answer = await this.#answer(exchange, fault, wire);
      log.answer(entry, answer.status);
      send(response, answer);
    } catch (error) {
      if (error instanceof ConnectionBroken || request.socket.destroyed) return;
      this.bugs.push(error);
      send(response, text(500, String(error)));
    }
    request.on('data', count).resume();
  }

  async #answer(exchange: Exchange, fault: TakenFault | undefined, wire: Wire): Promise<Answer> {
    const { parts, bodyLimit } = this.#settings;
    const handle = async (disturbed: Exchange): Promise<Answer> =>
      answerWithinLimit(disturbed, bodyLimit, (exact) => answerRequest(exact, parts));
    if (fault === undefined) return handle(exchange);
    const { action, fired } = fault;
    const expireToken = ({ headers }: Exchange): boolean => {
      const token = bearerToken(headers.authorization);
      if (token !== undefined) parts.tokens.expire(token);
      return token !== undefined;
    };
    return answerWithFault(action, { wire, fired, expireToken }, exchange, handle);
  }

  #originOf(request: IncomingMessage): string {
    const forwarded = request.headers['x-forwarded-proto'];
    const scheme = typeof forwarded === 'string' ? forwarded : this.#settings.scheme;
    return `${scheme}://${request.headers.host ?? ''}`;
  }
}

function splitTarget(target: string): [path: string, query: string] {
  const [path = '', ...query] = target.split('?');
  try {
    return [decodeURIComponent(path), query.join('?')];
  } catch {
    return [path, query.join('?')];
  }
}

/** Leaves the request alive when the reader stops early, so that it can still be answered. */
async function* counted(
  request: IncomingMessage,
  count: (chunk: Uint8Array) => void,
): AsyncIterable<Uint8Array> {
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    count(chunk as Uint8Array);
    yield chunk as Uint8Array;
  }
}

function wireOf(response: ServerResponse, connection: Connection): Wire {
  return {
    reset: () => connection.reset(),
    close: () => void response.destroy(),
    closed: new Promise((resolve) => {
      response.once('close', resolve);
    }),
  };
}

/** To these Node takes as many bytes as one likes, and sends none (RFC 9110, 6.4.1). */
const BODILESS = [204, 304];

function writeForever(response: ServerResponse, bytes: Uint8Array): void {
  while (!response.destroyed && response.write(bytes));
  response.once('drain', () => writeForever(response, bytes));
}

function send(response: ServerResponse, answer: Answer): void {
  const { status, headers, body, cutAfterBytes, holdAfterBytes, isEndless } = answer;
  response.writeHead(status, { 'docker-distribution-api-version': 'registry/2.0', ...headers });
  const isBodiless = response.req.method === 'HEAD' || BODILESS.includes(status);
  if (isBodiless || (holdAfterBytes !== undefined && body.length === 0)) {
    // There is no body with which anything could be wrong.
    response.end();
  } else if (isEndless) {
    writeForever(response, body);
  } else if (holdAfterBytes !== undefined) {
    response.flushHeaders();
    response.write(body.subarray(0, holdAfterBytes));
  } else if (cutAfterBytes === undefined) {
    response.end(body);
  } else {
    response.write(body.subarray(0, cutAfterBytes), () => response.socket?.destroySoon());
  }
}
