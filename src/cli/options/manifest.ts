/** Flags that only make sense for a list of images. */
import type { Command } from 'commander';
import { OcipushError } from '../../errors.ts';
import type { PushOptions } from '../../push/options.ts';
import { addBooleanFlag } from '../flags.ts';
import type { CompressionFlags } from './compression.ts';
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
  compress,
  compressionFormat,
  format,
}: ManifestFlags &
  Pick<ImageFlags, 'addCompression' | 'format'> &
  Pick<CompressionFlags, 'compress' | 'compressionFormat'>): Pick<PushOptions, 'expects'> {
  if (format === 'v2s1') throw noListFormat();
  if (!all && addCompression.length > 0) throw onlyWithAll('--add-compression');
  if (!all && compressionFormat !== undefined) throw onlyWithAll('--compression-format');
  if (!all && compress === true) throw onlyWithAll('--compress');
  return { expects: all ? 'list' : 'sparse-list' };
}

/** In podman's words. */
function noListFormat(): OcipushError {
  return new OcipushError(
    'USAGE',
    "unknown format \"v2s1\". Choose one of the supported formats: 'oci' or 'v2s2'",
    { origin: 'usage' },
  );
}

/** Nothing of the images is pushed, and so nothing can be done to them. */
function onlyWithAll(flag: string): OcipushError {
  return new OcipushError('USAGE', `${flag} may not be used with --all=false`, { origin: 'usage' });
}
