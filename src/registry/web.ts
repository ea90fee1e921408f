/** Reads what is on the web, and at nobody's registry: without credentials. */
import { OcipushError } from '../errors.ts';
import type { ByteStream } from '../io/bytes.ts';
import { errorText } from './answer-error.ts';
import type { HttpClient, HttpResponse } from './http.ts';
import { openHttpClient } from './open-http-client.ts';
import type { RegistryOptions } from './options.ts';

const MAX_REDIRECTS = 10;

/** What has begun to come; the connection is to be closed after it. */
export interface WebFile extends AsyncDisposable {
  readonly stream: ByteStream;
}

/**
 * Begins to read what is at an address, or where that leads to.
 * @throws OcipushError REGISTRY_STATUS, with the status in its context, UNSUPPORTED for what is not
 * on the web, or of the connection
 */
export async function openWebFile(
  address: string,
  options: RegistryOptions,
  signal: AbortSignal,
): Promise<WebFile> {
  let url = webAddress(address);
  for (let redirects = 0; ; redirects += 1) {
    const security = options.tlsVerify === false ? 'insecure' : 'secure';
    const http = await openHttpClient(url.host, security, options);
    try {
      const response = await request(http, url, options, signal);
      if (response.stream) {
        return {
          stream: response.stream,
          [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
        };
      }
      const location = response.header('location');
      if (location === undefined || redirects === MAX_REDIRECTS) {
        const context = { status: response.status };
        throw new OcipushError('REGISTRY_STATUS', errorText(response), { context });
      }
      url = webAddress(location, url);
    } catch (error) {
      await http[Symbol.asyncDispose]();
      throw error;
    }
    await http[Symbol.asyncDispose]();
  }
}

function request(
  http: HttpClient,
  url: URL,
  { userAgent }: RegistryOptions,
  signal: AbortSignal,
): Promise<HttpResponse> {
  return http.send({
    method: 'GET',
    url,
    headers: { 'user-agent': userAgent },
    streams: [200],
    signal,
  });
}

/** @throws OcipushError UNSUPPORTED for what is not on the web: no file of this machine is read */
function webAddress(text: string, base?: URL): URL {
  const url = URL.canParse(text, base?.href) ? new URL(text, base) : undefined;
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return url;
  throw new OcipushError('UNSUPPORTED', 'only http: and https: addresses are fetched from');
}
