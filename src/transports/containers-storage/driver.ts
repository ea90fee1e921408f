/** The drivers of container storage whose layers can be read: where they keep files. */
import { join } from 'node:path';
import type { StorageConf } from '../../config/storage-conf.ts';
import { OcipushError } from '../../errors.ts';
import { statPath } from '../../io/file-reader.ts';

export interface Driver {
  readonly name: string;
  /** The directory of a layer with its files. */
  filesOf(root: string, layer: string): string;
  /** Is there when {@link filesOf} holds files by their digest instead of by their name. */
  composefsOf(root: string, layer: string): string | undefined;
  /** Whether a file may stand in a parent's directory only. */
  readonly stacked: boolean;
}

const OVERLAY: Driver = {
  name: 'overlay',
  filesOf: (root, layer) => join(root, 'overlay', layer, 'diff'),
  composefsOf: (root, layer) => join(root, 'overlay', layer, 'composefs-data'),
  stacked: true,
};

/** Every layer has the files of all its parents too. */
const VFS: Driver = {
  name: 'vfs',
  filesOf: (root, layer) => join(root, 'vfs', 'dir', layer),
  composefsOf: () => undefined,
  stacked: false,
};

const DRIVERS: readonly Driver[] = [OVERLAY, VFS];

/** Drivers that are recognised by what they left behind, the usual ones first. */
const KNOWN = ['overlay', 'btrfs', 'zfs', 'vfs'];

/**
 * The driver that is configured, else the one that has images, else overlay.
 * @throws OcipushError UNSUPPORTED
 */
export async function findDriver(conf: StorageConf): Promise<Driver> {
  const name = conf.driver ?? (await detectDriver(conf.imageStore ?? conf.graphRoot));
  const driver = DRIVERS.find((each) => each.name === name);
  if (driver) return driver;
  throw new OcipushError(
    'UNSUPPORTED',
    `reading images of the storage driver ${name} is not supported`,
    {
      origin: 'source',
      hint: 'podman save writes an archive that can be pushed',
    },
  );
}

async function detectDriver(root: string): Promise<string> {
  for (const name of KNOWN) {
    if (await statPath(join(root, `${name}-images`))) return name;
  }
  return OVERLAY.name;
}
