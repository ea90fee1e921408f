/** Flags that only make sense for a list of images. */
import type { Command } from 'commander';
import type { PushOptions } from '../../push/options.ts';
import { addBooleanFlag } from '../flags.ts';

/** The flags as typed. */
export interface ManifestFlags {
  readonly all?: boolean;
}

export function addManifestFlags(command: Command): void {
  addBooleanFlag(
    command,
    '--all',
    'Push the images that are in the list, too; --all=false pushes the list alone',
    'true',
  );
}

export function parseManifestOptions({ all }: ManifestFlags): Pick<PushOptions, 'expects'> {
  return { expects: (all ?? true) ? 'list' : 'sparse-list' };
}
