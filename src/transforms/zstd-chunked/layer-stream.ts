/** Writes a layer as zstd:chunked, in the thread that this runs in and in those that make frames. */
import type { ByteStream } from '../../io/bytes.ts';
import type { ZstdParameters } from '../zstd-parameters.ts';
import { FrameBatcher, type FrameBatch } from './frame-batch.ts';
import type { FinishedBatch, FramePorts } from './frame-port.ts';
import { LayerEncoder } from './layer-encoder.ts';

export interface LayerStreamOptions {
  /** For the texts that tell what is in the layer. */
  readonly texts: ZstdParameters;
  readonly threads: Pick<FramePorts, 'capacity' | 'memory' | 'compress'>;
}

/**
 * The same input and parameters give the same bytes for any threads.
 * @returns the annotations of the layer
 * @throws OcipushError when zstd:chunked cannot carry the layer
 */
export async function* layerStream(
  input: ByteStream,
  { texts, threads }: LayerStreamOptions,
): AsyncGenerator<Uint8Array, Readonly<Record<string, string>>> {
  const frames = new FrameBatcher(() => threads.memory());
  const layer = new LayerEncoder(frames, texts);
  const running: { readonly batch: FrameBatch; readonly finished: Promise<FinishedBatch> }[] = [];
  const start = (batch: FrameBatch): void => {
    const finished = threads.compress(batch);
    // Its outcome is awaited below, in order; a stream that is left early awaits no more.
    finished.catch(() => undefined);
    running.push({ batch, finished });
  };
  async function* drain(limit: number): ByteStream {
    for (;;) {
      const next = running.length > limit ? running.shift() : undefined;
      if (next === undefined) return;
      const finished = await next.finished;
      layer.written(next.batch, finished);
      yield finished.frames;
      finished.release();
    }
  }
  for await (const chunk of input) {
    layer.push(chunk);
    for (const batch of frames.take('full')) {
      start(batch);
      yield* drain(threads.capacity - 1);
    }
  }
  layer.finish();
  frames.take('all').forEach(start);
  yield* drain(0);
  const { parts, annotations } = layer.trailer();
  yield* parts;
  return annotations;
}
