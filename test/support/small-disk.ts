/** A disk of a test's own, which can be full or read-only; root or not, for it is mounted in namespaces of its own. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { createInterface } from 'node:readline';

/** What makes a user of any kind root in namespaces that end with the process. */
const NAMESPACES = ['--map-root-user', '--mount'] as const;

export interface SmallDisk extends AsyncDisposable {
  /** Where the disk is for commands that run {@link under} it. */
  readonly path: string;
  /** Words before a command that is to see the disk. */
  readonly under: readonly string[];
  /** The same directory for this process. */
  readonly view: string;
  /** Changes options of the file system (tmpfs(5)). @throws Error when it refuses */
  remount(options: string): Promise<void>;
}

/** Whether this system lets one mount; prints that tests are left out where it does not. */
export function canMakeDisks(): boolean {
  const [mount, options] = ['mount -t tmpfs tmpfs /tmp', { encoding: 'utf8' } as const];
  const { status, stderr } = spawnSync('unshare', [...NAMESPACES, 'sh', '-c', mount], options);
  if (status !== 0) process.stderr.write(`skipped: no disks can be made here: ${stderr}\n`);
  return status === 0;
}

/** Puts an empty disk that has room in the place of a directory. */
export async function makeSmallDisk(path: string): Promise<SmallDisk> {
  const holder = spawn('unshare', [...NAMESPACES, 'sh'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const answers = createInterface({ input: holder.stdout })[Symbol.asyncIterator]();
  const mount = async (options: string): Promise<void> => {
    // Named together with the directory, or what an earlier mount was told is told again.
    holder.stdin.write(`mount -t tmpfs -o ${options} tmpfs '${path}'; echo $?\n`);
    const { value } = await answers.next();
    if (value !== '0') throw new Error(`mounting with ${options} failed`);
  };
  await mount('rw');
  const namespaces = ['--user', '--mount', '--preserve-credentials'];
  return {
    path,
    under: ['nsenter', '--target', String(holder.pid), ...namespaces],
    view: `/proc/${holder.pid}/root${path}`,
    remount: (options) => mount(`remount,${options}`),
    [Symbol.asyncDispose]: async () => {
      holder.stdin.end();
      await once(holder, 'exit');
    },
  };
}
