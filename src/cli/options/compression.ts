/** Flags about how layers are compressed. */
import type { Command } from 'commander';
import type { EngineConf } from '../../config/engine-conf.ts';
import { OcipushError } from '../../errors.ts';
import { COMPRESSION_FORMATS, type CompressionFormat } from '../../image/media-types.ts';
import type { CompressionWish } from '../../push/options.ts';
import { checkLevel } from '../../transforms/levels.ts';
import { goQuote } from '../escape.ts';
import { addBooleanFlag, addValueFlag } from '../flags.ts';
import { parseInteger } from '../go-values.ts';
import { convertSetting } from '../setting.ts';
import type { ImageFlags } from './image.ts';

/** The flags as typed. */
export interface CompressionFlags {
  readonly acceptUncompressed?: boolean;
  readonly compress?: boolean;
  readonly compressionFormat?: CompressionFormat;
  readonly compressionLevel?: number;
  readonly forceCompression?: boolean;
}

export function addCompressionFlags(command: Command): void {
  addBooleanFlag(
    command,
    '--accept-uncompressed',
    'Leave layers uncompressed that are so at the source',
  );
  addBooleanFlag(command, '--compress', 'Compress layers in a dir: destination, too');
  addValueFlag(
    command,
    '--compression-format <format>',
    'Compress all layers as gzip, zstd or zstd:chunked, also those in another format',
    { convert: parseCompressionFormat, values: COMPRESSION_FORMATS },
  );
  addValueFlag(
    command,
    '--compression-level <level>',
    'How hard to compress: gzip takes 1 (fast) to 9 (small), zstd 1 to 22',
    { convert: parseInteger },
  );
  addBooleanFlag(
    command,
    '--force-compression',
    'Do not make do with layers in another format that the destination has; --compression-format implies it',
  );
}

/**
 * What was typed, else what is configured. A configured format yields to destinations and manifests
 * that cannot have it, and does not force: a layer that is there in another one serves as well.
 * @throws OcipushError USAGE, CONFIG_INVALID
 */
export function parseCompressionOptions(
  flags: CompressionFlags & Pick<ImageFlags, 'format'>,
  conf: EngineConf,
): CompressionWish {
  const { acceptUncompressed, compress, compressionFormat: typed, forceCompression } = flags;
  const keepPlain = acceptUncompressed ?? false;
  const everywhere = compress ?? false;
  if (keepPlain && (everywhere || typed !== undefined)) {
    const other = everywhere ? '--compress' : '--compression-format';
    throw new OcipushError('USAGE', `--accept-uncompressed may not be used with ${other}`, {
      origin: 'usage',
    });
  }
  const configured = keepPlain || typed !== undefined ? undefined : configuredFormat(conf);
  const isDropped = configured !== undefined && !fits(configured, flags);
  const format = typed ?? (isDropped ? undefined : configured);
  const yields = format !== undefined && format !== typed;
  return {
    format,
    // Of a format that is not taken the level means nothing.
    level: flags.compressionLevel ?? (isDropped ? undefined : configuredLevel(conf, format)),
    everywhere,
    keepPlain,
    anyVariant: forceCompression === undefined ? yields : !forceCompression,
    yields,
  };
}

function configuredFormat({ compressionFormat }: EngineConf): CompressionFormat | undefined {
  return compressionFormat?.value
    ? convertSetting(compressionFormat, parseCompressionFormat)
    : undefined;
}

function configuredLevel(
  { compressionLevel }: EngineConf,
  format: CompressionFormat = 'gzip',
): number | undefined {
  if (compressionLevel === undefined) return undefined;
  return convertSetting(compressionLevel, (level) => {
    checkLevel(format, level);
    return level;
  });
}

/** Only a manifest of OCI can say that a layer is not gzip. */
function fits(configured: CompressionFormat, { format }: Pick<ImageFlags, 'format'>): boolean {
  return configured === 'gzip' || (format ?? 'oci') === 'oci';
}

/** @throws OcipushError USAGE, in podman's words */
export function parseCompressionFormat(text: string): CompressionFormat {
  const format = COMPRESSION_FORMATS.find((each) => each === text);
  if (format !== undefined) return format;
  throw new OcipushError('USAGE', `cannot find compressor for ${goQuote(text)}`, {
    origin: 'usage',
    hint: `the formats are ${COMPRESSION_FORMATS.join(', ')}`,
  });
}
