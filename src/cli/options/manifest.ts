/** Flags that only make sense for a list of images. */
import type { Command } from 'commander';
import { OcipushError } from '../../errors.ts';
import type { PushOptions } from '../../push/options.ts';
import { addBooleanFlag } from '../flags.ts';
import type { ImageFlags } from './image.ts';

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

/** @throws OcipushError USAGE */
export function parseManifestOptions({
  all = true,
  addCompression,
}: ManifestFlags & Pick<ImageFlags, 'addCompression'>): Pick<PushOptions, 'expects'> {
  if (!all && addCompression.length > 0) {
    throw new OcipushError('USAGE', '--add-compression may not be used with --all=false', {
      origin: 'usage',
    });
  }
  return { expects: all ? 'list' : 'sparse-list' };
}
