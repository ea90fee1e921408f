/** Reads layers that are not at a registry, but where the URLs in their descriptors say. */
import type { Descriptor } from '../image/descriptor.ts';
import { messageOf, OcipushError } from '../errors.ts';
import type { ByteStream } from '../io/bytes.ts';
import { errorText } from './answer-error.ts';
import type { HttpClient, HttpResponse } from './http.ts';
import { openHttpClient } from './open-http-client.ts';
import type { RegistryOptions } from './options.ts';

const MAX_REDIRECTS = 10;

/**
 * The bytes of a foreign layer from the first of its URLs that answers, not yet verified. No
 * credentials are sent: these are nobody's registries.
 * @throws OcipushError BLOB_UNKNOWN when none of them has it; of a connection that breaks later
 */
export async function* readForeign(
  { digest, urls = [] }: Descriptor,
  options: RegistryOptions,
  signal: AbortSignal,
): ByteStream {
  const refusals: string[] = [];
  for (const text of urls) {
    const opened = await open(text, options, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      refusals.push(`fetching ${JSON.stringify(text)} failed: ${messageOf(error)}`);
    });
    if (opened === undefined) continue;
    try {
      yield* opened.stream;
      return;
    } finally {
      await opened.http[Symbol.asyncDispose]();
    }
  }
  throw new OcipushError(
    'BLOB_UNKNOWN',
    `reading blob ${digest}: ${[...refusals, 'failed fetching external blob from all urls'].join(': ')}`,
    {
      origin: 'source',
      hint: 'the destination takes no foreign layers, and this one could not be fetched: push to a registry or an OCI layout',
    },
  );
}

interface Opened {
  readonly http: HttpClient;
  readonly stream: ByteStream;
}

async function open(text: string, options: RegistryOptions, signal: AbortSignal): Promise<Opened> {
  let url = webAddress(text);
  for (let redirects = 0; ; redirects += 1) {
    const security = options.tlsVerify === false ? 'insecure' : 'secure';
    const http = await openHttpClient(url.host, security, options);
    try {
      const response = await request(http, url, options, signal);
      if (response.stream) return { http, stream: response.stream };
      const location = response.header('location');
      if (location === undefined || redirects === MAX_REDIRECTS) {
        throw new OcipushError('REGISTRY_STATUS', errorText(response));
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
