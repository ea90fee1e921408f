/** Reads gzip: any number of members, and zeros behind them, as tar pads its archives. */
import { createGunzip } from 'node:zlib';
import type { ByteStream } from '../io/bytes.ts';
import { systemCode } from '../io/system-error.ts';
import { damaged } from './damage.ts';
import { throughZlib } from './zlib-stream.ts';

/** Its default of 16 KiB costs a fifth of the speed. */
const OUTPUT_CHUNK = 256 * 1024;

/**
 * @param chunkSize bytes of a chunk at most
 * @throws OcipushError ARCHIVE_INVALID when the bytes are damaged
 */
export async function* gunzip(input: ByteStream, chunkSize: number = OUTPUT_CHUNK): ByteStream {
  try {
    yield* throughZlib(input, createGunzip({ chunkSize }));
  } catch (error) {
    throw isDamage(error) ? damaged('gzip', error) : error;
  }
}

/** Whether zlib says it of the data, and not the input of itself. */
function isDamage(error: unknown): boolean {
  return systemCode(error)?.startsWith('Z_') ?? false;
}
