/** Remembers names in a few bytes each, for layers have millions of them. */

/** Offsets and factors of two 32-bit hashes (FNV-1a; MurmurHash2), of which neither follows from the other. */
const FIRST = { start: 0x811c9dc5, factor: 0x01000193 };
const SECOND = { start: 0x9747b28c, factor: 0x5bd1e995 };

/**
 * Knows names by 64 bits of hash: two of a million different ones are taken for the same in one of 37
 * million sets.
 */
export class NameSet {
  /** Pairs of hashes, two zeros where there is none: at most three quarters are taken. */
  #slots = new Uint32Array(2 * 1024);
  #size = 0;

  /** @returns whether the name is new */
  add(name: string): boolean {
    const first = hash(name, FIRST);
    // A pair of zeros is no name.
    const second = hash(name, SECOND) || 1;
    if (!this.#insert(first, second)) return false;
    this.#size += 1;
    if (8 * this.#size > 3 * this.#slots.length) this.#grow();
    return true;
  }

  #insert(first: number, second: number): boolean {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let at = (2 * first) & mask; ; at = (at + 2) & mask) {
      if (slots[at + 1] === 0) {
        slots[at] = first;
        slots[at + 1] = second;
        return true;
      }
      if (slots[at] === first && slots[at + 1] === second) return false;
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(2 * old.length);
    for (let at = 0; at < old.length; at += 2) {
      const second = old[at + 1] ?? 0;
      if (second !== 0) this.#insert(old[at] ?? 0, second);
    }
  }
}

function hash(name: string, { start, factor }: typeof FIRST): number {
  let state = start;
  for (let index = 0; index < name.length; index += 1) {
    state = Math.imul(state ^ name.charCodeAt(index), factor);
  }
  // Without it the last characters would not reach the lower bits.
  state = Math.imul(state ^ (state >>> 15), 0x85ebca6b);
  return (state ^ (state >>> 13)) >>> 0;
}
