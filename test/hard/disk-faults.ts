/** What can be wrong with a disk, as data. A limit for files stands for a quota, which not every kernel has. */
import { chmod, readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { SmallDisk } from '../support/small-disk.ts';

/** What something takes of a disk: files and directories, their pages, and the bytes of the largest. */
export interface Space {
  readonly pages: number;
  readonly files: number;
  readonly largest: number;
}

export interface DiskFault {
  readonly what: string;
  /** What the system says of it. */
  readonly reason: string;
  /**
   * Makes the disk so.
   * @param share from 0 to 1, of the space that is needed
   * @returns words before the command
   */
  arm(disk: SmallDisk, needed: Space, share: number): Promise<readonly string[]>;
}

const PAGE = 4096;

/** Root keeps neither of them, and may then do what the owner of a file may. */
const WITHOUT_PRIVILEGE = ['setpriv', '--bounding-set=-dac_override,-dac_read_search'];

export const DISK_FAULTS: readonly DiskFault[] = [
  {
    what: 'full',
    reason: 'no space left on device',
    arm: async (disk, { pages }, share) => {
      const used = (await usedOf(disk)).pages;
      await disk.remount(`size=${(used + Math.floor(share * pages)) * PAGE}`);
      return [];
    },
  },
  {
    what: 'full of files',
    reason: 'no space left on device',
    arm: async (disk, { files }, share) => {
      const used = (await usedOf(disk)).files;
      await disk.remount(`nr_inodes=${used + Math.floor(share * files)}`);
      return [];
    },
  },
  {
    what: 'read-only',
    reason: 'read-only file system',
    arm: async (disk) => {
      await disk.remount('ro');
      return [];
    },
  },
  {
    what: "another's",
    reason: 'permission denied',
    arm: async (disk, _, share) => {
      const directories = await directoriesOf(disk);
      await chmod(directories[Math.floor(share * directories.length)] ?? disk.view, 0o555);
      return WITHOUT_PRIVILEGE;
    },
  },
  {
    what: 'for small files alone',
    reason: 'file too large',
    arm: (_, { largest }, share) =>
      Promise.resolve(['prlimit', `--fsize=${Math.floor(share * largest)}`]),
  },
];

/** Gives a disk room for everything, and to everybody. */
export async function disarm(disk: SmallDisk): Promise<void> {
  await disk.remount('rw,size=64m,nr_inodes=10000');
  for (const directory of await directoriesOf(disk)) await chmod(directory, 0o755);
}

/** What is in use of a disk. */
export async function usedOf({ view }: SmallDisk): Promise<Omit<Space, 'largest'>> {
  const { blocks, bfree, files, ffree } = await statfs(view);
  return { pages: blocks - bfree, files: files - ffree };
}

async function directoriesOf({ view }: SmallDisk): Promise<readonly string[]> {
  const entries = await readdir(view, { recursive: true, withFileTypes: true });
  const below = entries.filter((entry) => entry.isDirectory());
  return [view, ...below.map(({ parentPath, name }) => join(parentPath, name))];
}
