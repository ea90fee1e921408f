/** `ocipush push`: from what was typed to what the engine is asked to do. */
import { isAbsolute, join } from 'node:path';
import { addAbortSignal } from 'node:stream';
import { OcipushError } from '../errors.ts';
import type { ByteStream } from '../io/bytes.ts';
import { NotingSink } from '../push/notes.ts';
import type { PushOptions } from '../push/options.ts';
import { temporaryDirectory } from '../push/places.ts';
import type { ProgressSink } from '../push/progress.ts';
import { parseDestinationReference, parseSourceReference } from '../transports/references.ts';
import { setOut } from '../transports/set-out.ts';
import type { TransportContext } from '../transports/transport.ts';
import { configure, type ConfiguredHost } from './configuration.ts';
import { ShownError } from './error-text.ts';
import { goQuote } from './escape.ts';
import type { Host } from './host.ts';
import { parseOutputOptions } from './options/output.ts';
import { parseManifestOptions } from './options/manifest.ts';
import { parsePushOptions } from './options/push.ts';
import { parseRegistryOptions, type RegistryFlags } from './options/registry.ts';
import { parseSigningOptions } from './options/signing.ts';
import type { ManifestPushInvocation, PushInvocation } from './program.ts';
import { chooseRenderer } from './render/choose.ts';
import { logRequests } from './request-log.ts';
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
  plain: Omit<PushOptions, 'signing'>,
  host: ConfiguredHost,
): Promise<void> {
  const { image, flags } = invocation;
  const output = parseOutputOptions(flags);
  const options = { ...plain, signing: await parseSigningOptions(flags, host) };
  const source = await parseSourceReference(image);
  const references = await Promise.all(invocation.destinations.map(parseDestinationReference));
  if (output.digestFile !== undefined) {
    const { checkDigestFile } = await import('./digest-file.ts');
    await checkDigestFile(output.digestFile);
  }
  const renderer = await chooseRenderer(output.display, host);
  const notes = new NotingSink(renderer);
  const stopLogging = logRequests((message) =>
    renderer.event({ kind: 'log', level: 'debug', message }),
  );
  try {
    const context = await createContext(flags, host, notes);
    using departure = await setOut(references, context);
    // Connections are being made while all of what pushes is loaded.
    const { runPush } = await import('./push-run.ts');
    const { destinations } = departure;
    const policyFile = flags.signaturePolicy;
    const wishes = { source, destinations, options, context, progress: notes, output, policyFile };
    await runPush(wishes, host);
  } catch (error) {
    if (renderer.fail === undefined || host.signal.aborted) throw error;
    renderer.fail(error);
    throw new ShownError(error);
  } finally {
    stopLogging();
    renderer.close();
  }
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
