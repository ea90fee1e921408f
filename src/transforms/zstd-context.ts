/** The compressors of libzstd in this thread: their memory is large, and used again. */
import { zstdBinding, type ZstdBinding } from './zstd-library.ts';
import { CHECKSUM_FLAG, type ZstdParameters } from './zstd-parameters.ts';

export type ZstdContext = InstanceType<ZstdBinding['CCtx']>;

const idle: ZstdContext[] = [];

/**
 * A compressor whose frames have a checksum, as those of the reference.
 * @throws OcipushError UNSUPPORTED when zstd-napi is not there
 */
export function takeContext(parameters: ZstdParameters): ZstdContext {
  const { CCtx } = zstdBinding();
  const context = idle.pop() ?? new CCtx();
  for (const [number, value] of [...parameters, [CHECKSUM_FLAG, 1] as const]) {
    context.setParameter(number, value);
  }
  return context;
}

/** Gives a compressor back between two frames. */
export function returnContext(context: ZstdContext): void {
  context.reset(zstdBinding().ResetDirective.sessionAndParameters);
  idle.push(context);
}
