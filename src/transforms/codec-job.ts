/** What threads are asked to do. */
import type { MessagePort } from 'node:worker_threads';
import type { FrameOptions } from './zstd-frame.ts';

/** A transform of bytes that runs in a thread, by its name. */
export type Codec =
  | { readonly name: 'zstd'; readonly options: FrameOptions }
  | { readonly name: 'unzstd' | 'unxz' | 'bunzip2' };

/** The message that begins a job: bytes come and go through the port. */
export interface CodecJob {
  readonly codec: Codec;
  readonly port: MessagePort;
}
