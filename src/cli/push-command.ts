/** `ocipush push`: from what was typed to what the engine is asked to do. */
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { addAbortSignal } from 'node:stream';
import { homeDirectory } from '../config/home.ts';
import { readPolicy } from '../config/policy.ts';
import { OcipushError, wrapError } from '../errors.ts';
import type { Digest } from '../image/digest.ts';
import type { ByteStream } from '../io/bytes.ts';
import { NO_CACHE, openBlobCache, type BlobCache } from '../push/blob-cache.ts';
import type { ProgressSink } from '../push/progress.ts';
import { push, type PushOutcome } from '../push/push.ts';
import { parseDestinationReference, parseSourceReference } from '../transports/references.ts';
import type { TransportContext } from '../transports/transport.ts';
import { checkDigestFile, writeDigestFile } from './digest-file.ts';
import type { Host } from './host.ts';
import { parseOutputOptions } from './options/output.ts';
import { parsePushOptions } from './options/push.ts';
import { parseRegistryOptions, type RegistryFlags } from './options/registry.ts';
import type { PushInvocation } from './program.ts';
import { chooseRenderer } from './render/choose.ts';

/**
 * Pushes; everything that can be wrong with the command line is found before the first byte moves.
 * @throws OcipushError
 */
export async function pushCommand(invocation: PushInvocation, host: Host): Promise<void> {
  const { image, flags } = invocation;
  const options = parsePushOptions(flags);
  const { digestFile, quiet } = parseOutputOptions(flags);
  const source = await parseSourceReference(image);
  const destinations = await Promise.all(invocation.destinations.map(parseDestinationReference));
  if (digestFile !== undefined) await checkDigestFile(digestFile);
  const { environment } = host;
  const policy = await readPolicy({ path: flags.signaturePolicy, environment });
  const progress = await chooseRenderer(quiet, host);
  try {
    const cache = await openCache(environment);
    const context = await createContext(flags, host, progress);
    const request = { source, destinations, options, context, progress, cache, policy };
    const outcomes = await push(request);
    const [digest, ...others] = digestsOf(outcomes);
    if (digestFile === undefined || digest === undefined) return;
    if (others.some((other) => other !== digest)) {
      context.warn(`--digestfile has the digest at ${outcomes[0]?.reference}; others differ`);
    }
    await writeDigestFile(digestFile, digest);
  } finally {
    progress.close();
  }
}

/** @throws what one destination failed with, or an AggregateError when there were several */
function digestsOf(outcomes: readonly PushOutcome[]): readonly Digest[] {
  const failures = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [{ ...outcome, reason: outcome.reason as unknown }] : [],
  );
  if (outcomes.length === 1 && failures[0]) throw failures[0].reason;
  if (failures.length > 0) {
    throw new AggregateError(
      failures.map(({ reference, reason }) =>
        wrapError(reason, `pushing to ${reference}`, { code: 'BLOB_UNKNOWN' }),
      ),
    );
  }
  return outcomes.flatMap((outcome) =>
    outcome.status === 'fulfilled' ? [outcome.value.digest] : [],
  );
}

async function createContext(
  flags: RegistryFlags,
  host: Host,
  progress: ProgressSink,
): Promise<TransportContext> {
  const warn = (message: string) => progress.event({ kind: 'warning', message });
  return {
    signal: host.signal,
    registry: await parseRegistryOptions(flags, host, warn),
    // As in podman: large files go where memory is not meant to be the disk.
    temporaryDirectory:
      host.environment['TMPDIR'] || (process.platform === 'win32' ? tmpdir() : '/var/tmp'),
    standardInput: () => pipedInput(host),
    environment: host.environment,
    warn,
  };
}

/** XDG Base Directory Specification: a relative path does not count. */
async function openCache(environment: NodeJS.ProcessEnv): Promise<BlobCache> {
  const home = homeDirectory(environment);
  const fallback = home === undefined ? undefined : join(home, '.cache');
  const wished = environment['XDG_CACHE_HOME'] ?? '';
  const base = isAbsolute(wished) ? wished : fallback;
  return base === undefined ? NO_CACHE : openBlobCache(join(base, 'ocipush'));
}

/** Ends when the user wants to, though whoever writes may keep the pipe open. */
function pipedInput(host: Host): ByteStream {
  if (!host.stdinIsTerminal) return addAbortSignal(host.signal, host.stdin());
  throw new OcipushError('USAGE', 'cannot read an image from the terminal', {
    origin: 'usage',
    hint: 'send it through a pipe, or name a file',
  });
}
