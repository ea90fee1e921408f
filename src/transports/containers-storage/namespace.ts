/** Rebuilds a layer in a child that is root of the user's subordinate IDs: rootless storage is theirs. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { messageOf, OcipushError, type ErrorCode } from '../../errors.ts';
import { isJsonObject } from '../../io/bounded-json.ts';
import type { ByteStream } from '../../io/bytes.ts';
import type { TransportContext } from '../transport.ts';
import type { LayerFiles } from './rebuild.ts';

/** Programs that make such a namespace, and their arguments; the first leaves nothing behind. */
const WAYS: readonly (readonly [string, ...string[]])[] = [
  ['unshare', '--map-root-user', '--map-auto', '--'],
  ['podman', 'unshare'],
];

/** The bundle of layer-cat.ts, which stands beside that of this module. */
const LAYER_CAT = fileURLToPath(new URL('layer-cat.js', import.meta.url));

/** Bytes of a child's complaint that are kept. */
const COMPLAINT_LIMIT = 16 * 1024;

/** What the child says of a failure, as JSON in the last line of its standard error. */
export interface ChildFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string | undefined;
  /** Whether a file may not be read there either. */
  readonly denied: boolean;
}

/**
 * The same bytes as `rebuildLayer`.
 * @throws OcipushError as it does; FILE_UNREADABLE when there is no way into a namespace
 */
export async function* rebuildInNamespace(
  files: LayerFiles,
  context: TransportContext,
): ByteStream {
  const attempts: string[] = [];
  for (const [command, ...args] of WAYS) {
    const child = spawn(command, [...args, process.execPath, LAYER_CAT, JSON.stringify(files)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: context.environment,
      signal: context.signal,
    });
    const ending = endingOf(child);
    let begun = false;
    let ended = false;
    try {
      for await (const chunk of child.stdout as AsyncIterable<Uint8Array>) {
        begun = true;
        yield chunk;
      }
      ended = true;
    } finally {
      // One that has written everything is on its way out, and says how it went.
      if (!ended) child.kill();
    }
    const failure = await ending;
    if (failure === undefined) return;
    context.signal.throwIfAborted();
    if (typeof failure !== 'string' && !failure.denied) throw childError(failure);
    const reason = typeof failure === 'string' ? failure : failure.message;
    attempts.push(`${[command, ...args].join(' ')}: ${reason}`);
    if (begun) break;
  }
  throw noNamespace(attempts);
}

/** Why the child failed, in its words or the system's; undefined when it did not. */
function endingOf(
  child: ChildProcessByStdio<null, Readable, Readable>,
): Promise<ChildFailure | string | undefined> {
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-COMPLAINT_LIMIT);
  });
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(messageOf(error)));
    child.once('close', (code, signal) => {
      const lastLine = complaint.trimEnd().split('\n').at(-1) ?? '';
      const failure = parseFailure(lastLine);
      if (failure !== undefined || code === 0) resolve(failure);
      else resolve(lastLine || `ended with ${code ?? signal}`);
    });
  });
}

function parseFailure(line: string): ChildFailure | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isJsonObject(value) ? (value as unknown as ChildFailure) : undefined;
  } catch {
    return undefined;
  }
}

function childError({ code, message, hint }: ChildFailure): OcipushError {
  return new OcipushError(code, message, { origin: 'source', hint });
}

function noNamespace(attempts: readonly string[]): OcipushError {
  return new OcipushError(
    'FILE_UNREADABLE',
    `reading files of subordinate users: ${attempts.join('; ')}`,
    {
      origin: 'source',
      hint: 'install uidmap (newuidmap) or podman and give the user a range in /etc/subuid, or push inside podman unshare',
    },
  );
}
