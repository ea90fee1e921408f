/** `ocipush push`: from what was typed to what the engine is asked to do. */
import { isAbsolute, join } from 'node:path';
import { addAbortSignal } from 'node:stream';
import { readPolicy } from '../config/policy.ts';
import { OcipushError } from '../errors.ts';
import type { ByteStream } from '../io/bytes.ts';
import { NotingSink } from '../push/notes.ts';
import type { PushOptions } from '../push/options.ts';
import { openUserCache, temporaryDirectory } from '../push/places.ts';
import type { ProgressSink } from '../push/progress.ts';
import type { PushNotes } from '../push/report.ts';
import { push, throwFailures, type PushOutcome } from '../push/push.ts';
import { parseDestinationReference, parseSourceReference } from '../transports/references.ts';
import type { TransportContext } from '../transports/transport.ts';
import { configure, type ConfiguredHost } from './configuration.ts';
import { checkDigestFile, writeDigestFile } from './digest-file.ts';
import { ShownError } from './error-text.ts';
import { goQuote } from './escape.ts';
import type { Host } from './host.ts';
import { parseOutputOptions, type OutputFormat } from './options/output.ts';
import { parseManifestOptions } from './options/manifest.ts';
import { parsePushOptions } from './options/push.ts';
import { parseRegistryOptions, type RegistryFlags } from './options/registry.ts';
import { parseSigningOptions } from './options/signing.ts';
import type { ManifestPushInvocation, PushInvocation } from './program.ts';
import { chooseRenderer } from './render/choose.ts';
import { logRequests } from './request-log.ts';
import { jsonResult, lineResult, planText } from './render/result.ts';
import { convertSetting } from './setting.ts';

/**
 * Pushes; everything that can be wrong with the command line is found before the first byte moves.
 * @throws OcipushError
 */
export async function pushCommand(invocation: PushInvocation, host: Host): Promise<void> {
  const configured = await configure(host);
  return carryOut(invocation, parsePushOptions(invocation.flags, configured.conf), configured);
}

/**
 * Pushes a list and nothing else.
 * @throws OcipushError
 */
export async function manifestPushCommand(
  invocation: ManifestPushInvocation,
  host: Host,
): Promise<void> {
  const { flags } = invocation;
  const configured = await configure(host);
  const { conf } = configured;
  const options = { ...parsePushOptions(flags, conf), ...parseManifestOptions(flags, conf) };
  return carryOut(invocation, options, configured);
}

async function carryOut(
  invocation: PushInvocation,
  wishes: Omit<PushOptions, 'signing'>,
  host: ConfiguredHost,
): Promise<void> {
  const { image, flags } = invocation;
  const output = parseOutputOptions(flags);
  const options = { ...wishes, signing: await parseSigningOptions(flags, host) };
  const source = await parseSourceReference(image);
  const destinations = await Promise.all(invocation.destinations.map(parseDestinationReference));
  if (output.digestFile !== undefined) await checkDigestFile(output.digestFile);
  const { environment } = host;
  const policy = await readPolicy({ path: flags.signaturePolicy, environment });
  const renderer = await chooseRenderer(output.display, host);
  const notes = new NotingSink(renderer);
  const stopLogging = logRequests((message) =>
    renderer.event({ kind: 'log', level: 'debug', message }),
  );
  try {
    const cache = await openUserCache(environment);
    const context = await createContext(flags, host, notes);
    const request = { source, destinations, options, context, progress: notes, cache, policy };
    const outcomes = await push(request);
    if (output.digestFile !== undefined) {
      await saveDigest(output.digestFile, outcomes, context.warn);
    }
    host.stdout.write(
      resultText({ output: output.format, dryRun: options.dryRun }, outcomes, notes),
    );
    throwFailures(outcomes);
  } catch (error) {
    if (renderer.fail === undefined || host.signal.aborted) throw error;
    renderer.fail(error);
    throw new ShownError(error);
  } finally {
    stopLogging();
    renderer.close();
  }
}

/** A push that was carried out leaves standard output alone, as podman does. */
function resultText(
  { output, dryRun }: { readonly output: OutputFormat | undefined; readonly dryRun: boolean },
  outcomes: readonly PushOutcome[],
  notes: PushNotes,
): string {
  if (output === 'json') return jsonResult(outcomes, notes);
  if (output !== undefined) return lineResult(output, outcomes);
  return dryRun ? outcomes.map(planOf).join('') : '';
}

function planOf(outcome: PushOutcome): string {
  return outcome.status === 'fulfilled' ? planText(outcome.value) : '';
}

/** Not after a failure anywhere: who reads the file takes it for success. */
async function saveDigest(
  path: string,
  outcomes: readonly PushOutcome[],
  warn: (message: string) => void,
): Promise<void> {
  throwFailures(outcomes);
  const [digest, ...others] = outcomes.map((outcome) =>
    outcome.status === 'fulfilled' ? outcome.value.digest : undefined,
  );
  if (digest === undefined) return;
  if (others.some((other) => other !== digest)) {
    warn(`--digestfile has the digest at ${outcomes[0]?.reference}; others differ`);
  }
  await writeDigestFile(path, digest);
}

async function createContext(
  flags: RegistryFlags,
  host: ConfiguredHost,
  progress: ProgressSink,
): Promise<TransportContext> {
  const warn = (message: string) => progress.event({ kind: 'warning', message });
  return {
    signal: host.signal,
    registry: {
      ...(await parseRegistryOptions(flags, host, warn)),
      onSetback: (setback) => progress.event(setback),
    },
    temporaryDirectory: await configuredDirectory(host, warn),
    standardInput: () => pipedInput(host),
    environment: host.environment,
    warn,
  };
}

/** Where large temporary files go. */
async function configuredDirectory(
  { conf, environment }: ConfiguredHost,
  warn: (message: string) => void,
): Promise<string> {
  const configured = conf.imageCopyTmpDir;
  if (environment['TMPDIR'] || !configured?.value) return temporaryDirectory(environment);
  if (configured.value === 'storage') {
    const { readStorageConf } = await import('../config/storage-conf.ts');
    return join((await readStorageConf(environment, warn)).graphRoot, 'tmp');
  }
  return convertSetting(configured, (path) => {
    if (isAbsolute(path)) return path;
    throw new OcipushError('USAGE', `${goQuote(path)}: relative paths are not accepted`);
  });
}

/** Ends when the user wants to, though whoever writes may keep the pipe open. */
function pipedInput(host: Host): ByteStream {
  if (!host.stdinIsTerminal) return addAbortSignal(host.signal, host.stdin());
  throw new OcipushError('USAGE', 'cannot read an image from the terminal', {
    origin: 'usage',
    hint: 'send it through a pipe, or name a file',
  });
}
