/** Writes tar-split: all bytes of a tar but the contents of its files, in lines of JSON. */
import { posix } from 'node:path';
import { encodeString } from '../../image/json-encoder.ts';
import { MIB } from '../../io/bytes.ts';
import { NameSet } from './name-set.ts';
import { chunkedObstacle } from './obstacle.ts';

/** Bytes of a segment at most, where it is not that of a member; chunks of streams are no larger. */
const SEGMENT_LIMIT = MIB;

/** What {@link posix.normalize} would change. */
const UNCLEAN = /(?:^|\/)\.{0,2}(?:\/|$)/;

export class TarSplitWriter {
  readonly #write: (text: string) => void;
  readonly #names = new NameSet();
  #position = 0;
  #segment = Buffer.allocUnsafeSlow(64 * 1024);
  #segmentSize = 0;
  #isTail = false;
  #file: { readonly name: string; readonly size: number } | undefined;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** Bytes that are no contents. */
  raw(bytes: Uint8Array): void {
    const size = this.#segmentSize + bytes.length;
    if (size > this.#segment.length) {
      const larger = Buffer.allocUnsafeSlow(2 * size);
      larger.set(this.#segment.subarray(0, this.#segmentSize));
      this.#segment = larger;
    }
    this.#segment.set(bytes, this.#segmentSize);
    this.#segmentSize = size;
  }

  /** Bytes behind the end of the archive, of which there may be many. */
  tail(bytes: Uint8Array): void {
    const isFirst = !this.#isTail;
    this.#isTail = true;
    if (isFirst || this.#segmentSize + bytes.length > SEGMENT_LIMIT) this.#flush();
    this.raw(bytes);
  }

  /** @throws OcipushError for a second member of the same name */
  begin(name: string, size: number): void {
    const plain = name.endsWith('/') ? name.slice(0, -1) : name;
    const path = UNCLEAN.test(plain) ? posix.normalize(`/${plain}/`).slice(1, -1) : plain;
    if (!this.#names.add(path)) throw chunkedObstacle(`the name ${name} comes twice`);
    this.#flush();
    this.#file = { name, size };
  }

  /** @param checksum of the contents, if there are any */
  end(checksum?: Buffer): void {
    if (this.#file === undefined) return;
    const { name, size } = this.#file;
    const payload = checksum ? `"${checksum.toString('base64')}"` : 'null';
    const sizeField = size === 0 ? '' : `"size":${size},`;
    this.#line(`"type":1,"name":${encodeString(name)},${sizeField}"payload":${payload}`);
    this.#file = undefined;
  }

  /** To be called when all bytes have come. */
  finish(): void {
    this.#flush();
  }

  #flush(): void {
    if (this.#segmentSize === 0) return;
    const payload = this.#segment.toString('base64', 0, this.#segmentSize);
    this.#segmentSize = 0;
    this.#line(`"type":2,"payload":"${payload}"`);
  }

  /** Types and order of the fields are those of tar-split, storage/entry.go. */
  #line(fields: string): void {
    this.#write(`{${fields},"position":${this.#position}}\n`);
    this.#position += 1;
  }
}
