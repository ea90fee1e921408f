/** Flags about how layers are compressed. */
import type { Command } from 'commander';
import { OcipushError } from '../../errors.ts';
import type { CompressionFormat } from '../../image/media-types.ts';
import type { CompressionWish } from '../../push/options.ts';
import { CODECS } from '../../transforms/codecs.ts';
import { goQuote } from '../escape.ts';
import { addBooleanFlag, addValueFlag } from '../flags.ts';
import { parseInteger } from '../go-values.ts';

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
    { convert: parseCompressionFormat, values: Object.keys(CODECS) },
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

/** @throws OcipushError USAGE */
export function parseCompressionOptions(flags: CompressionFlags): CompressionWish {
  const { acceptUncompressed, compress, compressionFormat: format } = flags;
  const keepPlain = acceptUncompressed ?? false;
  const everywhere = compress ?? false;
  if (keepPlain && (everywhere || format !== undefined)) {
    const other = everywhere ? '--compress' : '--compression-format';
    throw new OcipushError('USAGE', `--accept-uncompressed may not be used with ${other}`, {
      origin: 'usage',
    });
  }
  const anyVariant = flags.forceCompression === false;
  return { format, level: flags.compressionLevel, everywhere, keepPlain, anyVariant };
}

/** @throws OcipushError USAGE, in podman's words */
export function parseCompressionFormat(text: string): CompressionFormat {
  if (isFormat(text)) return text;
  throw new OcipushError('USAGE', `cannot find compressor for ${goQuote(text)}`, {
    origin: 'usage',
    hint: `the formats are ${Object.keys(CODECS).join(', ')}`,
  });
}

function isFormat(text: string): text is CompressionFormat {
  return Object.hasOwn(CODECS, text);
}
