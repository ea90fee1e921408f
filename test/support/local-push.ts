/** Pushes between places on the local disk, in this process. */
import { ACCEPT_ANYTHING } from '../../src/config/policy.ts';
import { NO_CACHE } from '../../src/push/blob-cache.ts';
import { disposeOnFailure } from '../../src/io/disposal.ts';
import type { PushResult } from '../../src/push/options.ts';
import { push } from '../../src/push/push.ts';
import { parseContainersStorageReference } from '../../src/transports/containers-storage/reference.ts';
import { parseDirReference } from '../../src/transports/dir/reference.ts';
import { parseDockerArchiveReference } from '../../src/transports/docker-archive/reference.ts';
import { parseDockerDaemonReference } from '../../src/transports/docker-daemon/reference.ts';
import { parseOciArchiveReference } from '../../src/transports/oci-archive/reference.ts';
import { parseOciLayoutReference } from '../../src/transports/oci-layout/reference.ts';
import type {
  DestinationReference,
  ImageDestination,
  SourceReference,
  TransportContext,
} from '../../src/transports/transport.ts';
import { NO_WISHES } from './push-options.ts';
import { makeContext } from './transport-context.ts';

const PARSERS = {
  'containers-storage': parseContainersStorageReference,
  oci: parseOciLayoutReference,
  'oci-archive': parseOciArchiveReference,
  dir: parseDirReference,
  'docker-archive': parseDockerArchiveReference,
  'docker-daemon': parseDockerDaemonReference,
} as const;

/** Parses `TRANSPORT:…`, whichever side it is to be. */
export function localReference(text: string): SourceReference & DestinationReference {
  const transport = text.slice(0, text.indexOf(':')) as keyof typeof PARSERS;
  return PARSERS[transport](text.slice(transport.length + 1));
}

/**
 * Pushes once, without a cache, leaving signatures behind; `jobs` is how many blobs at once.
 * @throws what the push fails with
 */
export async function pushLocally(
  source: string,
  destination: string,
  { jobs = 6, ...context }: Partial<TransportContext> & { readonly jobs?: number } = {},
): Promise<PushResult> {
  const [outcome] = await push({
    source: localReference(source),
    destinations: [localReference(destination)],
    options: { ...NO_WISHES, removeSignatures: true, jobs },
    context: makeContext(context),
    progress: { event: () => undefined },
    cache: NO_CACHE,
    policy: ACCEPT_ANYTHING,
  });
  if (outcome?.status === 'fulfilled') return outcome.value;
  throw outcome?.reason;
}

/** A destination that is ready to be written to. @throws what that fails with */
export async function openBegun(
  reference: DestinationReference,
  context = makeContext(),
): Promise<ImageDestination> {
  const destination = await reference.openDestination(context);
  return disposeOnFailure(destination, async () => {
    await destination.begin();
    return destination;
  });
}
