/** Members of an archive on their way from those who have them to the one who writes the archive. */
import type { PackedMember } from '../../io/tar-pack.ts';

interface Waiting {
  readonly member: PackedMember;
  readonly taken: () => void;
}

/** First come, first served; to be iterated once. */
export class MemberQueue implements AsyncIterable<PackedMember> {
  readonly #waiting: Waiting[] = [];
  #end: { readonly error?: Error } | undefined;
  #wake: () => void = () => undefined;

  /** Settles when all of the member has been taken; never when the writer gives up before. */
  put(member: PackedMember): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ member, taken: resolve });
      this.#wake();
    });
  }

  /** Nothing comes after what waits now; or the archive ends with an error here and now. */
  end(error?: Error): void {
    this.#end ??= error === undefined ? {} : { error };
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<PackedMember> {
    for (;;) {
      if (this.#end?.error !== undefined) throw this.#end.error;
      const next = this.#waiting.shift();
      if (next !== undefined) {
        yield next.member;
        next.taken();
      } else if (this.#end !== undefined) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
