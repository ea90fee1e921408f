/** What all parts of one attempt to push have in hand. */
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import type { ByteStream } from '../io/bytes.ts';
import type { Limiter } from '../io/limiter.ts';
import type { ImageDestination, ImageSource } from '../transports/transport.ts';
import type { BlobCache } from './blob-cache.ts';
import type { LayerSeals } from './layer-seals.ts';
import type { BlobReport, PushOptions, SignatureReport } from './options.ts';
import type { FinalLayer } from './plan.ts';
import type { ProductionShare } from './production-pool.ts';
import type { ProgressSink } from './progress.ts';

export interface PushSession {
  readonly source: ImageSource;
  readonly destination: ImageDestination;
  readonly options: PushOptions;
  readonly progress: ProgressSink;
  readonly cache: BlobCache;
  /** Reads a blob from one of the URLs that its descriptor has. */
  readonly fetchForeign: (descriptor: Descriptor) => ByteStream;
  /** Aborted when the user wants to end, or a part of the attempt has failed. */
  readonly signal: AbortSignal;
  /** Aborts {@link signal}, for a part has failed. */
  readonly fail: (error: unknown) => void;
  /** The keys of layers that are encrypted; undefined where none is. */
  readonly seals?: LayerSeals | undefined;
  /** Bounds the blobs on their way. */
  readonly blobs: Limiter;
  /** The productions of blobs, which other destinations of the same push may take part in. */
  readonly share: ProductionShare;
  /** By digest at the source and form: what several images or layers share goes once. */
  readonly stored: Map<string, Promise<FinalLayer>>;
  /** What names at the destination stand for that must not come to stand for anything else. */
  readonly occupied: Map<string, Digest>;
  /** Sends a blob whatever the destination says of it; by digest there. */
  readonly sendAgain: Map<string, () => Promise<void>>;
  /** What has happened so far. */
  readonly reports: BlobReport[];
  readonly signatures: SignatureReport[];
}
