/** Takes the tar of a layer apart: what goes into which frame, and what is said of it. */
import { createHash, type Hash } from 'node:crypto';
import { finishDigest } from '../../image/digest.ts';
import { MIB } from '../../io/bytes.ts';
import type { ZstdParameters } from '../zstd-parameters.ts';
import { Chunker } from './chunker.ts';
import { CompressedText } from './compressed-text.ts';
import { ContentsTable } from './contents-table.ts';
import type { FrameBatch, FrameBatcher } from './frame-batch.ts';
import type { CompressedBatch } from './frame-compressor.ts';
import { chunkedObstacle } from './obstacle.ts';
import { TarReader, type TarSink } from './tar-reader.ts';
import type { TarMember } from './tar-member.ts';
import { TarSplitWriter } from './tar-split.ts';
import { TOC_START, tocEnd } from './toc.ts';
import { trailerOf, type Trailer } from './trailer.ts';

/**
 * Bytes behind the end of an archive: all of them stand in tar-split, which is kept in memory. Programs
 * write zeros to the end of a record there, a few KiB.
 */
const TAIL_LIMIT = 16 * MIB;

/** Bytes of a table of contents: podman pulls a layer with a larger one as a whole. */
const TOC_LIMIT = 150 * MIB;

/** Headers share a frame until contents come; each chunk of contents has one of its own. */
export class LayerEncoder implements TarSink {
  readonly #frames: FrameBatcher;
  readonly #reader = new TarReader(this);
  readonly #toc: CompressedText;
  readonly #tarSplitText: CompressedText;
  readonly #tarSplit: TarSplitWriter;
  readonly #table: ContentsTable;
  readonly #chunker: Chunker;
  #entries = 0;
  #size = 0;
  /** Bytes of the frames that have been written, and of the part of one that has. */
  #position = 0;
  #partial = 0;
  /** Of the contents of a file. */
  #hash: Hash | undefined;
  #contentsSize = 0;
  #chunkSize = 0;
  #tailSize = 0;

  /** @param texts for the texts that tell what is in the layer */
  constructor(frames: FrameBatcher, texts: ZstdParameters) {
    this.#frames = frames;
    this.#toc = new CompressedText(texts);
    this.#toc.write(TOC_START);
    this.#tarSplitText = new CompressedText(texts);
    this.#tarSplit = new TarSplitWriter((text) => this.#tarSplitText.write(text));
    this.#table = new ContentsTable((entry) => {
      this.#toc.write(`${this.#entries === 0 ? '[' : ','}${entry}`);
      this.#entries += 1;
      if (this.#toc.plainSize > TOC_LIMIT) throw chunkedObstacle('so many members');
    });
    this.#chunker = new Chunker({
      chunk: (bytes) => {
        this.#frames.append(bytes);
        this.#chunkSize += bytes.length;
      },
      cut: (kind) => this.#cut(kind),
    });
  }

  /** @throws OcipushError when zstd:chunked cannot carry the layer */
  push(bytes: Uint8Array): void {
    this.#size += bytes.length;
    this.#reader.push(bytes);
  }

  /** @throws OcipushError as {@link push} */
  finish(): void {
    if (this.#size === 0) throw chunkedObstacle('a layer without bytes');
    this.#reader.finish();
    this.#closeRaw();
    this.#tarSplit.finish();
  }

  /** Says what has become of a batch: of each in their order. */
  written({ goesOn }: FrameBatch, { sizes }: CompressedBatch): void {
    for (const [index, size] of sizes.entries()) {
      this.#partial += size;
      if (goesOn && index === sizes.length - 1) return;
      this.#table.written(this.#partial);
      this.#position += this.#partial;
      this.#partial = 0;
    }
  }

  /** What stands behind the frames, when all have been written. */
  trailer(): Trailer {
    const tarSplit = this.#tarSplitText.finish();
    this.#toc.write(`${this.#entries === 0 ? 'null' : ']'}${tocEnd(tarSplit.digest)}`);
    return trailerOf(this.#position, this.#toc.finish(), tarSplit);
  }

  raw(bytes: Uint8Array): void {
    this.#frames.append(bytes);
    this.#tarSplit.raw(bytes);
  }

  tail(bytes: Uint8Array): void {
    this.#tailSize += bytes.length;
    if (this.#tailSize > TAIL_LIMIT) throw chunkedObstacle('so much behind the end of the archive');
    this.#frames.append(bytes);
    this.#tarSplit.tail(bytes);
  }

  member(member: TarMember): void {
    this.#tarSplit.begin(member.name, member.size);
    this.#table.begin(member);
    this.#contentsSize = member.size;
    if (member.size === 0) return;
    this.#closeRaw();
    this.#hash = createHash('sha256');
  }

  contents(bytes: Uint8Array): void {
    this.#hash?.update(bytes);
    this.#chunker.push(bytes);
  }

  memberEnd(): void {
    if (this.#hash === undefined) {
      this.#tarSplit.end();
      this.#table.end(undefined);
      return;
    }
    this.#tarSplit.end(this.#chunker.finish());
    this.#table.end(finishDigest(this.#hash));
    this.#hash = undefined;
  }

  #cut(kind: 'data' | 'hole'): void {
    // The only chunk of a file has the digest of the file.
    const isOnly = this.#chunkSize === this.#contentsSize;
    this.#table.addChunk(kind, this.#chunkSize, isOnly ? undefined : this.#frames.digest());
    this.#frames.end();
    this.#chunkSize = 0;
  }

  #closeRaw(): void {
    if (this.#frames.isEmpty) return;
    this.#table.addRaw();
    this.#frames.end();
  }
}
