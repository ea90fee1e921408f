/** Runs a delegate to its end: what it complains about becomes the error, and an abort ends it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, type FileHandle } from 'node:fs/promises';
import process from 'node:process';
import { OcipushError } from '../../errors.ts';
import { systemCode, systemReason } from '../../io/system-error.ts';

export interface DelegateRun {
  /** Absolute. */
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** What the file for its standard error is to be called. */
  readonly log: string;
}

/** Bytes of complaints that are read, which are the last ones. */
const COMPLAINT_LIMIT = 8 * 1024;

/**
 * Resolves when the program has ended well.
 * @throws OcipushError FILE_UNWRITABLE with what the program said, or the signal's reason: then all
 * processes that it started are killed
 */
export async function runDelegate(
  { program, args, environment, log }: DelegateRun,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  // A file, and no pipe, whose other end could outlive the program in what it leaves running.
  await using complaints = await open(log, 'w+', 0o600);
  const child = spawn(program, args, {
    env: environment,
    stdio: ['ignore', 'ignore', complaints.fd],
    // The leader of a group: rootless, the one that works is a child of the one we start.
    detached: true,
  });
  const kill = (): void => killGroup(child.pid);
  signal.addEventListener('abort', kill, { once: true });
  try {
    const ended = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    signal.throwIfAborted();
    const failure = describeEnd(...ended);
    if (failure === undefined) return;
    throw unwritten(complaintOf(await readEnd(complaints)) || failure);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof OcipushError) throw error;
    throw unwritten(`starting ${program}: ${systemReason(error)}`, error);
  } finally {
    signal.removeEventListener('abort', kill);
  }
}

/**
 * The errors among what skopeo or podman wrote, one after the other; both have them in logrus's
 * form or after `Error: `, and those of the programs that they call are plain lines.
 */
export function complaintOf(text: string): string {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '' && !/\blevel=(?:trace|debug|info|warning)\b/.test(line))
    .map((line) => unquoted(line.trim()).replace(/^Error: /, ''))
    .join('; ');
}

/** The message of a line of logrus. */
function unquoted(line: string): string {
  const [, message] = /^time=\S+ level=\w+ msg=("(?:[^"\\]|\\.)*")/.exec(line) ?? [];
  if (message === undefined) return line;
  try {
    return JSON.parse(message) as string;
  } catch {
    // Go has escapes that JSON has not.
    return message.slice(1, -1);
  }
}

function describeEnd(code: number | null, signal: NodeJS.Signals | null): string | undefined {
  if (code === 0) return undefined;
  return code === null ? `signal: ${signal}` : `exit status ${code}`;
}

/** At once and for certain: the storage is made for that, and nobody asks how it went. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // It has ended in the meantime.
    if (systemCode(error) !== 'ESRCH') throw error;
  }
}

async function readEnd(file: FileHandle): Promise<string> {
  const { size } = await file.stat();
  const start = Math.max(0, size - COMPLAINT_LIMIT);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(COMPLAINT_LIMIT), { position: start });
  return buffer.toString('utf8', 0, bytesRead);
}

function unwritten(message: string, cause?: unknown): OcipushError {
  return new OcipushError('FILE_UNWRITABLE', message, {
    origin: 'destination',
    hint: 'see whether skopeo or podman works with this storage as this user, and has room there',
    cause,
  });
}
