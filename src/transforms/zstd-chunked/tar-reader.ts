/** Walks through a tar as its bytes come, and passes on every one of them. */
import { chunkedObstacle } from './obstacle.ts';
import { paxRecords } from './tar-fields.ts';
import {
  checkHeaderSum,
  parseMember,
  sizeField,
  typeFlag,
  type Extensions,
  type TarMember,
} from './tar-member.ts';

const BLOCK = 512;

/** The most that Go's archive/tar takes of an extension header. */
const EXTENSION_LIMIT = 1024 * 1024;

const EXTENSIONS: Readonly<Record<string, keyof Extensions>> = {
  x: 'pax',
  L: 'longName',
  K: 'longLink',
};

/** Takes the parts of a tar in their order; bytes are the taker's until it returns. */
export interface TarSink {
  /** Headers, the padding after contents, and the zero blocks that end the archive. */
  raw(bytes: Uint8Array): void;
  /** What stands behind those. */
  tail(bytes: Uint8Array): void;
  /** The headers of a member have been passed on. */
  member(member: TarMember): void;
  /** A part of the member's contents; there are none when its size is 0. */
  contents(bytes: Uint8Array): void;
  /** All of the member's contents have been passed on. */
  memberEnd(): void;
}

/** What the next bytes are. */
type State = 'header' | 'extension' | 'contents' | 'padding' | 'tail';

export class TarReader {
  readonly #sink: TarSink;
  #state: State = 'header';
  /** Bytes until the state changes; of the tail nobody knows. */
  #left = BLOCK;
  #padding = 0;
  #block = new Uint8Array(BLOCK);
  #extension: { readonly kind: keyof Extensions; readonly bytes: Uint8Array } | undefined;
  #extensions: Extensions = {};
  #zeroBlocks = 0;

  constructor(sink: TarSink) {
    this.#sink = sink;
  }

  /** @throws OcipushError when zstd:chunked cannot carry what comes */
  push(bytes: Uint8Array): void {
    for (let position = 0; position < bytes.length;) {
      const length = Math.min(this.#left, bytes.length - position);
      const part = bytes.subarray(position, position + length);
      position += length;
      this.#take(part);
      this.#left -= length;
      if (this.#left === 0) this.#advance();
    }
  }

  /** @throws OcipushError when the tar is cut short */
  finish(): void {
    // umoci leaves out what fills up the last block, and the end. Go's archive/tar reads that, too.
    const isAtEnd = this.#state === 'padding' || (this.#state === 'header' && this.#left === BLOCK);
    const isWhole = isAtEnd && !this.#hasExtensions();
    if (this.#state !== 'tail' && !isWhole) throw chunkedObstacle('the tar is cut short');
  }

  #take(part: Uint8Array): void {
    switch (this.#state) {
      case 'header':
        this.#block.set(part, BLOCK - this.#left);
        this.#sink.raw(part);
        return;
      case 'extension': {
        const { bytes } = this.#extension ?? { bytes: new Uint8Array(0) };
        bytes.set(part, bytes.length - this.#left);
        this.#sink.raw(part);
        return;
      }
      case 'contents':
        this.#sink.contents(part);
        return;
      case 'padding':
        this.#sink.raw(part);
        return;
      case 'tail':
        this.#sink.tail(part);
        return;
    }
  }

  #advance(): void {
    switch (this.#state) {
      case 'header':
        this.#header();
        return;
      case 'extension':
        this.#extended();
        return;
      case 'contents':
        this.#sink.memberEnd();
        this.#expect('padding', this.#padding);
        return;
      case 'padding':
        this.#expect('header', BLOCK);
        return;
      case 'tail':
        return;
    }
  }

  /** Goes on to the next state, or to the one after it where that has no bytes. */
  #expect(state: State, length: number): void {
    this.#state = state;
    this.#left = length;
    if (length === 0) this.#advance();
  }

  #header(): void {
    const block = this.#block;
    if (isZero(block)) {
      if (this.#hasExtensions()) throw chunkedObstacle('the tar is cut short');
      this.#zeroBlocks += 1;
      if (this.#zeroBlocks < 2) this.#expect('header', BLOCK);
      else this.#expect('tail', Infinity);
      return;
    }
    if (this.#zeroBlocks > 0) throw chunkedObstacle('a zero block between members');
    checkHeaderSum(block);
    const kind = EXTENSIONS[typeFlag(block)];
    if (kind === undefined) this.#member();
    else this.#extend(kind, sizeField(block));
  }

  #extend(kind: keyof Extensions, size: number): void {
    const isUsual = size > 0 && size <= EXTENSION_LIMIT && this.#extensions[kind] === undefined;
    if (!isUsual) throw chunkedObstacle('an extended header is invalid');
    this.#padding = -size & (BLOCK - 1);
    this.#extension = { kind, bytes: new Uint8Array(size) };
    this.#expect('extension', size);
  }

  #extended(): void {
    if (this.#extension !== undefined) {
      const { kind, bytes } = this.#extension;
      const value = kind === 'pax' ? { pax: paxRecords(bytes) } : { [kind]: bytes };
      this.#extensions = { ...this.#extensions, ...value };
      this.#extension = undefined;
    }
    this.#expect('padding', this.#padding);
  }

  #member(): void {
    const member = parseMember(this.#block, this.#extensions);
    this.#extensions = {};
    this.#padding = -member.size & (BLOCK - 1);
    this.#sink.member(member);
    this.#expect('contents', member.size);
  }

  #hasExtensions(): boolean {
    return Object.keys(this.#extensions).length > 0;
  }
}

function isZero(block: Uint8Array): boolean {
  for (let index = 0; index < block.length; index += 1) {
    if (block[index] !== 0) return false;
  }
  return true;
}
