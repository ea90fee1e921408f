/** Reads layers of the storage: here, or in a user namespace where files belong to other users. */
import { slice, type ByteRange, type ByteStream } from '../../io/bytes.ts';
import type { TransportContext } from '../transport.ts';
import { isDenied } from './diff-directory.ts';
import { rebuildInNamespace } from './namespace.ts';
import { rebuildLayer, type LayerFiles } from './rebuild.ts';

/** Bytes that every tar begins with; they stand in the tar-split file, so no other is opened. */
const HEADER = 512;

export class LayerReader {
  readonly #context: TransportContext;
  /** Set by the first file that may not be read: the layers of an image are owned alike. */
  #needsNamespace = false;

  constructor(context: TransportContext) {
    this.#context = context;
  }

  /** The tar of a layer, or a range of it. @throws OcipushError as {@link rebuildLayer} */
  read(files: LayerFiles, range?: ByteRange): ByteStream {
    const whole = this.#rebuild(files, range?.end);
    return range ? slice(whole, range) : whole;
  }

  async *#rebuild(files: LayerFiles, end?: number): ByteStream {
    let position = 0;
    if (!this.#needsNamespace || (end ?? Infinity) <= HEADER) {
      try {
        for await (const chunk of rebuildLayer(files, end)) {
          yield chunk;
          position += chunk.length;
        }
        return;
      } catch (error) {
        if (!isDenied(error) || process.geteuid?.() === 0) throw error;
        this.#needsNamespace = true;
      }
    }
    // The same bytes come again: what was delivered before the file that is denied is left out.
    const again = rebuildInNamespace(files, this.#context);
    yield* slice(again, { start: position, end: end ?? Infinity });
  }
}
