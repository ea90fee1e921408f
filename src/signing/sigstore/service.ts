/** Asks the services of sigstore: bounded, repeated where that may help, and silent about secrets. */
import { OcipushError } from '../../errors.ts';
import { isJsonObject, parseJson, type JsonObject } from '../../io/bounded-json.ts';
import { isTransient, statusError } from '../../registry/answer-error.ts';
import type { HttpMethod, HttpResponse } from '../../registry/http.ts';
import type { HostOptions } from '../../registry/open-http-client.ts';
import type { RegistryOptions } from '../../registry/options.ts';
import { withRetry } from '../../registry/retry.ts';

/** How services are reached: as registries are, but never without TLS where their address has it. */
export type ServiceOptions = HostOptions & Pick<RegistryOptions, 'userAgent' | 'clock'>;

export interface ServiceRequest {
  readonly method: HttpMethod;
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Statuses that are an answer; every other one is an error. */
  readonly accept: readonly number[];
  /** What is being attempted, as a gerund: it begins the message of an error. */
  readonly attempt: string;
  /** What is in the request and may not be in an error, though the answer repeats it. */
  readonly secrets?: readonly string[];
}

/** Characters of an answer that an error shows. */
const EXCERPT = 200;

/** @throws OcipushError SIGNING_FAILED, TLS_FAILED */
export async function askService(
  request: ServiceRequest,
  options: ServiceOptions,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const { openHttpClient } = await import('../../registry/open-http-client.ts');
  const http = await openHttpClient(request.url.host, 'secure', options);
  const { method, url, body, accept } = request;
  const headers = {
    accept: 'application/json',
    ...request.headers,
    'user-agent': options.userAgent,
  };
  const attempt = async (): Promise<HttpResponse> => {
    const response = await http
      .send({ method, url, headers, body, signal })
      .catch((error: unknown) => {
        throw unreached(error, request);
      });
    if (accept.includes(response.status)) return response;
    throw refused(response, request);
  };
  try {
    return await withRetry(attempt, { clock: options.clock, signal });
  } finally {
    await http[Symbol.asyncDispose]();
  }
}

/** The members of an answer. @throws OcipushError SIGNING_FAILED, without the text, which may be secret */
export function answerObject(response: HttpResponse, attempt: string): JsonObject {
  try {
    const value = parseJson(response.body, 'the answer');
    if (isJsonObject(value)) return value;
  } catch {
    // The fault would quote what may be secret.
  }
  throw badAnswer(attempt, 'the answer is no JSON object');
}

/** The error of a service that answers what makes no sense, or not what was hoped for. */
export function badAnswer(
  attempt: string,
  problem: string,
  hint = 'check the addresses of the services in the file of --sign-by-sigstore',
): OcipushError {
  return new OcipushError('SIGNING_FAILED', `${attempt}: ${problem}`, { origin: 'config', hint });
}

function unreached(error: unknown, { attempt, url }: ServiceRequest): unknown {
  if (!(error instanceof OcipushError) || error.code === 'ABORTED') return error;
  const { code, context, retryable } = error;
  const isTls = code === 'TLS_FAILED';
  return new OcipushError(isTls ? code : 'SIGNING_FAILED', `${attempt}: ${error.message}`, {
    origin: 'config',
    hint: isTls
      ? error.hint
      : `check that ${url.host} can be reached, and its address in the file of --sign-by-sigstore`,
    context,
    retryable,
    cause: error,
  });
}

function refused(response: HttpResponse, request: ServiceRequest): OcipushError {
  const { attempt, method, url, secrets = [] } = request;
  const known = statusError(response, attempt);
  let text = Buffer.from(response.body).toString();
  for (const secret of secrets) if (secret !== '') text = text.replaceAll(secret, '***');
  const excerpt = JSON.stringify(text.trim().slice(0, EXCERPT));
  const address = `${method} ${url.origin}${url.pathname}`;
  return new OcipushError(
    'SIGNING_FAILED',
    `${attempt}: ${address} returned ${response.status}: ${excerpt}`,
    {
      origin: 'config',
      context: known.context,
      retryable: isTransient(known),
      hint: isTransient(known)
        ? 'the service has too much to do, or a fault: try again later'
        : 'check addresses and credentials in the file of --sign-by-sigstore',
    },
  );
}
