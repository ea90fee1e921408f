/** Brings together what the table of contents says of a member: its headers, and its frames. */
import type { Digest } from '../../image/digest.ts';
import type { TarMember } from './tar-member.ts';
import { tocEntries, type FileChunk } from './toc.ts';

type Chunk = { -readonly [Key in keyof FileChunk]: FileChunk[Key] };

interface Pending {
  readonly member: TarMember;
  readonly chunks: Chunk[];
  digest: Digest | undefined;
  isComplete: boolean;
}

/** Members are written in their order, as soon as their frames have been. */
export class ContentsTable {
  readonly #write: (entry: string) => void;
  readonly #pending: Pending[] = [];
  /** What stands in the frames that are still to come: a part of a file, or something else. */
  readonly #frames: (Chunk | undefined)[] = [];
  #position = 0;

  constructor(write: (entry: string) => void) {
    this.#write = write;
  }

  begin(member: TarMember): void {
    this.#pending.push({ member, chunks: [], digest: undefined, isComplete: false });
  }

  /** The next frame is a part of the contents of the member. */
  addChunk(kind: FileChunk['kind'], size: number, digest: Digest | undefined): void {
    const chunks = this.#pending.at(-1)?.chunks ?? [];
    const last = chunks.at(-1);
    const position = last === undefined ? 0 : last.position + last.size;
    const chunk = { kind, position, size, start: 0, end: 0, digest };
    chunks.push(chunk);
    this.#frames.push(chunk);
  }

  /** The next frame is none. */
  addRaw(): void {
    this.#frames.push(undefined);
  }

  /** The member has no further chunks. */
  end(digest: Digest | undefined): void {
    const pending = this.#pending.at(-1);
    if (pending === undefined) return;
    pending.digest = digest;
    pending.isComplete = true;
    this.#flush();
  }

  /** The next frame has been written. */
  written(size: number): void {
    const chunk = this.#frames.shift();
    const start = this.#position;
    this.#position += size;
    if (chunk === undefined) return;
    chunk.start = start;
    chunk.end = this.#position;
    this.#flush();
  }

  #flush(): void {
    for (;;) {
      const [first] = this.#pending;
      const isWritten = first?.isComplete && (first.chunks.at(-1)?.end ?? 1) > 0;
      if (!first || !isWritten) return;
      for (const entry of tocEntries(first)) this.#write(entry);
      this.#pending.shift();
    }
  }
}
