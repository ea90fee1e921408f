/** Which levels the forms have in which layers can be compressed. */
import type { CompressionFormat } from '../image/media-types.ts';
import { checkGzipLevel } from './gzip-effort.ts';
import { checkZstdLevel } from './zstd-effort.ts';

/**
 * Loads nothing that compresses.
 * @throws OcipushError USAGE for a level that the format does not have
 */
export function checkLevel(format: CompressionFormat, level: number | undefined): void {
  if (format === 'gzip') checkGzipLevel(level);
  else checkZstdLevel(level);
}
