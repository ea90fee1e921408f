/** Flags that only make sense for a list of images. */
import type { Command } from 'commander';
import type { EngineConf } from '../../config/engine-conf.ts';
import { OcipushError } from '../../errors.ts';
import type { PushOptions } from '../../push/options.ts';
import { addBooleanFlag } from '../flags.ts';
import { convertSetting } from '../setting.ts';
import { parseCompressionFormat, type CompressionFlags } from './compression.ts';
import type { EncryptionFlags } from './encryption.ts';
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

/** The flags that mean something else for a list. */
type ListFlags = ManifestFlags &
  Pick<ImageFlags, 'addCompression' | 'format'> &
  Pick<CompressionFlags, 'compress' | 'compressionFormat'> &
  Pick<EncryptionFlags, 'encryptionKey'>;

/**
 * The forms to add are those that were typed, else those that are configured.
 * @throws OcipushError USAGE, CONFIG_INVALID
 */
export function parseManifestOptions(
  { all = true, addCompression: typed, encryptionKey, ...flags }: ListFlags,
  { addCompression: configured }: EngineConf,
): Pick<PushOptions, 'addCompression' | 'expects'> {
  const { compress, compressionFormat, format } = flags;
  if (format === 'v2s1') throw noListFormat();
  if (!all && typed.length > 0) throw onlyWithAll('--add-compression');
  if (!all && compressionFormat !== undefined) throw onlyWithAll('--compression-format');
  if (!all && compress === true) throw onlyWithAll('--compress');
  if (!all && encryptionKey.length > 0) throw onlyWithAll('--encryption-key');
  if (!all) return { expects: 'sparse-list', addCompression: [] };
  const added =
    typed.length === 0 && configured
      ? convertSetting(configured, (formats) => formats.map(parseCompressionFormat))
      : typed;
  return { expects: 'list', addCompression: [...new Set(added)] };
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
