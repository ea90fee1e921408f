/** What threads are asked to do. */
import type { MessagePort } from 'node:worker_threads';
import type { PlainFrame } from './zstd-frame.ts';

/** A transform of bytes that runs in a thread, by its name. */
export type Codec =
  | { readonly name: 'zstd-chunked'; readonly options: ChunkedOptions }
  | { readonly name: 'unzstd' | 'unxz' | 'bunzip2' };

export interface ChunkedOptions {
  /** Of libzstd. */
  readonly level: number;
  /** Behind each of these a thread makes frames. */
  readonly ports: readonly MessagePort[];
}

/** Makes one frame: the answer is a message. */
export interface FrameCodec {
  readonly name: 'zstd-frame';
  readonly options: PlainFrame;
}

/** Makes frames for another thread. */
export interface FramesCodec {
  readonly name: 'zstd-frames';
  readonly options: { readonly level: number };
}

/** The message that begins a job: what it takes and what it gives goes through the port. */
export interface CodecJob {
  readonly codec: Codec | FrameCodec | FramesCodec;
  readonly port: MessagePort;
}
