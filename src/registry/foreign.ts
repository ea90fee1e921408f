/** Reads layers that are not at a registry, but where the URLs in their descriptors say. */
import type { Descriptor } from '../image/descriptor.ts';
import { messageOf, OcipushError } from '../errors.ts';
import type { ByteStream } from '../io/bytes.ts';
import type { RegistryOptions } from './options.ts';
import { openWebFile } from './web.ts';

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
    const opened = await openWebFile(text, options, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      refusals.push(`fetching ${JSON.stringify(text)} failed: ${messageOf(error)}`);
    });
    if (opened === undefined) continue;
    try {
      yield* opened.stream;
      return;
    } finally {
      await opened[Symbol.asyncDispose]();
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
