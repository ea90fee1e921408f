/** What threads are asked to do. */
import type { MessagePort } from 'node:worker_threads';
import type { DeflateBlock } from './deflate.ts';
import type { FrameParameters } from './zstd-chunked/effort.ts';
import type { PlainFrame } from './zstd-frame.ts';
import type { ZstdParameters } from './zstd-parameters.ts';

/** A transform of bytes that runs in a thread, by its name. */
export type Codec =
  | { readonly name: 'zstd-chunked'; readonly options: ChunkedOptions }
  | { readonly name: 'unzstd' | 'unxz' | 'bunzip2' };

export interface ChunkedOptions {
  readonly frames: FrameParameters;
  /** For the texts that tell what is in a layer. */
  readonly texts: ZstdParameters;
  /** Behind each of these a thread makes frames, as does the one that takes the layer apart. */
  readonly ports: readonly MessagePort[];
}

/** Compresses one block where it stands. */
export type BlockJob =
  | { readonly name: 'zstd-frame'; readonly options: PlainFrame }
  | { readonly name: 'deflate-block'; readonly options: DeflateBlock };

/** The message that answers it. */
export type BlockAnswer = { readonly length: number } | { readonly failure: string };

/** Makes frames for another thread. */
export interface FramesCodec {
  readonly name: 'zstd-frames';
  readonly options: { readonly frames: FrameParameters };
}

/** The message that begins a job: what it takes and what it gives goes through the port. */
export interface CodecJob {
  readonly codec: Codec | BlockJob | FramesCodec;
  readonly port: MessagePort;
}
