/** The compressors of libzstd in this thread: their memory is large, and used again. */
import { zstdBinding, type ZstdBinding } from './zstd-library.ts';
import { formatParameters, type ZstdParameters } from './zstd-parameters.ts';

export type ZstdContext = InstanceType<ZstdBinding['CCtx']>;

/** By their parameters, for their memory is as large as these want it. */
const idle = new Map<string, ZstdContext[]>();

/** @throws OcipushError UNSUPPORTED when zstd-napi is not there */
export function takeContext(parameters: ZstdParameters): ZstdContext {
  return idle.get(formatParameters(parameters))?.pop() ?? newContext(parameters);
}

/** Gives a compressor back between two frames, to be taken for the same parameters. */
export function returnContext(context: ZstdContext, parameters: ZstdParameters): void {
  context.reset(zstdBinding().ResetDirective.sessionOnly);
  const key = formatParameters(parameters);
  idle.set(key, [...(idle.get(key) ?? []), context]);
}

function newContext(parameters: ZstdParameters): ZstdContext {
  const { CCtx } = zstdBinding();
  const context = new CCtx();
  for (const [number, value] of parameters) context.setParameter(number, value);
  return context;
}
