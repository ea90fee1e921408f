/** Runs one command apart from all others and tells what it took. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { peerPath } from '../test/support/peers.ts';

export interface Measurement {
  readonly seconds: number;
  /** Of all cores together: what a busy machine changes little. */
  readonly cpuSeconds: number;
  /** The largest resident set of the process, in bytes. */
  readonly peak: number;
}

export interface MeasuredCommand {
  readonly line: readonly string[];
  readonly cwd: string;
  /** Home and caches: what the command leaves there, the next one with the same state finds. */
  readonly state: string;
  /** A Debian root whose /usr and /etc it runs on. */
  readonly root: string | undefined;
}

/**
 * Root's peers keep their blob info cache in /var/lib/containers, whatever the environment says: in
 * a mount namespace of its own that is a directory of the state. The clock starts when all mounts
 * are made. time(1) is brought along, for the other root has none.
 */
const SCRIPT = `
state=$1 root=$2
shift 2
mkdir -p /var/lib/containers
mount --bind "$state/containers" /var/lib/containers
if [ -n "$root" ]; then
  mount --bind "$root/etc" /etc
  mount --bind "$root/usr" /usr
fi
export HOME=$state XDG_RUNTIME_DIR=$state
start=$EPOCHREALTIME
"$state/time" --output="$state/usage" --format="%M %U %S" "$@"
echo "$start $EPOCHREALTIME"
`;

/** @throws Error with what the command said when it fails */
export async function measure(command: MeasuredCommand): Promise<Measurement> {
  const { line, cwd, state, root = '' } = command;
  await mkdir(join(state, 'containers'), { recursive: true });
  await copyFile(peerPath('time'), join(state, 'time'));
  const script = ['--mount', 'bash', '-ec', SCRIPT, 'measure', state, root];
  const child = spawn('unshare', [...script, ...line], {
    cwd,
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, complaint, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  if (code !== 0) throw new Error(`${line.join(' ')} ended with ${code}: ${complaint}`);
  const [start = 0, end = 0] = (output.trim().split('\n').at(-1) ?? '').split(' ').map(Number);
  const usage = await readFile(join(state, 'usage'), 'utf8');
  const [kibibytes = 0, user = 0, system = 0] = usage.trim().split(' ').map(Number);
  return { seconds: end - start, cpuSeconds: user + system, peak: kibibytes * 1024 };
}
