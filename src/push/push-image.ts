/** The push for programs: names instead of what is made of them, and defaults for all the rest. */
import { createAuthFileLookup } from '../config/auth-lookup.ts';
import type { Credentials } from '../config/credentials.ts';
import { readPolicy } from '../config/policy.ts';
import { readRegistriesConf } from '../config/registries-conf.ts';
import { hostPlatform } from '../image/platform.ts';
import { connectionOptions, type ConnectionWish } from '../registry/connection-options.ts';
import type { RegistryOptions } from '../registry/options.ts';
import { parseDestinationReference, parseSourceReference } from '../transports/references.ts';
import { setOut } from '../transports/set-out.ts';
import type { TransportContext } from '../transports/transport.ts';
import { NotingSink } from './notes.ts';
import { DEFAULT_JOBS, DEFAULT_RETRY, type CompressionWish, type PushOptions } from './options.ts';
import { openUserCache, temporaryDirectory } from './places.ts';
import type { ProgressEvent } from './progress.ts';
import { push, throwFailures } from './push.ts';
import { reportOf, type PushReport } from './report.ts';

/** What is left out is as the command has it without its flag. */
export interface PushImageRequest
  extends Partial<Omit<PushOptions, 'compression'>>, ConnectionWish {
  /** As on the command line: `oci:./image`, `./image.tar`, `localhost/app:1`; `-` is standard input. */
  readonly image: string;
  /** As on the command line; left out: where the image's own name in local storage says. */
  readonly destinations?: readonly string[];
  readonly compression?: Partial<CompressionWish>;
  /** For every registry; left out, they are looked up in the auth files. */
  readonly credentials?: Credentials;
  /** The only file with credentials that is read. */
  readonly authfile?: string;
  /** Says where configuration, storage and caches are; `process.env` unless given. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Ends the push, which then fails with code `ABORTED`. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: ProgressEvent) => void;
}

const NO_COMPRESSION_WISH: CompressionWish = {
  everywhere: false,
  keepPlain: false,
  anyVariant: false,
};

/**
 * Pushes an image, or a list with all its images.
 * @returns what became of each destination
 * @throws OcipushError, whose `code` says what went wrong; an AggregateError of such when several
 * destinations were named and any of them was not reached: the others were
 */
export async function pushImage(request: PushImageRequest): Promise<PushReport> {
  const { environment = process.env, onProgress } = request;
  const notes = new NotingSink({ event: (event) => onProgress?.(event) });
  const warn = (message: string): void => notes.event({ kind: 'warning', message });
  const signal = request.signal ?? new AbortController().signal;
  const source = await parseSourceReference(request.image);
  const references = await Promise.all((request.destinations ?? []).map(parseDestinationReference));
  const context: TransportContext = {
    signal,
    registry: await registryOptions(request, environment, signal, warn),
    temporaryDirectory: temporaryDirectory(environment),
    standardInput: () => process.stdin,
    environment,
    warn,
  };
  using departure = await setOut(references, context);
  const outcomes = await push({
    source,
    destinations: departure.destinations,
    options: optionsOf(request),
    context,
    progress: notes,
    cache: await openUserCache(environment),
    policy: await readPolicy({ environment }),
  });
  throwFailures(outcomes);
  return reportOf(outcomes, notes);
}

function optionsOf(request: PushImageRequest): PushOptions {
  return {
    expects: request.expects ?? 'any',
    platform: request.platform ?? hostPlatform(process.platform, process.arch),
    platforms: request.platforms ?? [],
    addCompression: request.addCompression ?? [],
    annotations: request.annotations ?? {},
    preserveDigests: request.preserveDigests ?? false,
    dryRun: request.dryRun ?? false,
    tags: request.tags ?? [],
    noOverwrite: request.noOverwrite ?? false,
    verify: request.verify ?? false,
    mountFrom: request.mountFrom ?? [],
    referrers: request.referrers ?? 'none',
    removeSignatures: request.removeSignatures ?? false,
    signing: request.signing ?? { signers: [] },
    encryption: request.encryption,
    retry: request.retry ?? DEFAULT_RETRY,
    jobs: request.jobs ?? DEFAULT_JOBS,
    format: request.format,
    expectDigest: request.expectDigest,
    retryDelay: request.retryDelay,
    compression: { ...NO_COMPRESSION_WISH, ...request.compression },
  };
}

async function registryOptions(
  request: PushImageRequest,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
  warn: (message: string) => void,
): Promise<RegistryOptions> {
  const { credentials, authfile } = request;
  const { credentialHelpers } = await readRegistriesConf(environment, warn);
  const lookup = { authfile, environment, credentialHelpers, warn, signal };
  return {
    ...connectionOptions(request, environment, warn),
    credentialsFor: credentials ? async () => credentials : createAuthFileLookup(lookup),
  };
}
