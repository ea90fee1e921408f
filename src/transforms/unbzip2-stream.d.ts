/** The parts of @openpgp/unbzip2-stream that decode a block at a time; it comes without types. */
declare module '@openpgp/unbzip2-stream/lib/bit_iterator.js' {
  /** Reads so many bits; null: goes on with the next byte. */
  export interface BitReader {
    (count: number | null): number;
    /** Bytes of which bits have been read. */
    readonly bytesRead: number;
  }
  /** @param next the next bytes, at least one; what it throws passes through */
  export default function bitReader(next: () => Uint8Array): BitReader;
}

declare module '@openpgp/unbzip2-stream/lib/bzip2.js' {
  import type { BitReader } from '@openpgp/unbzip2-stream/lib/bit_iterator.js';

  const bzip2: {
    /** Reads the header of a stream: hundreds of thousands of bytes in its blocks. */
    header(bits: BitReader): number;
    /** Decodes a block, and gives the stream's checksum so far; null at the end of the stream. */
    decompress(
      bits: BitReader,
      write: (byte: number) => void,
      memory: Int32Array,
      blockSize: number,
      checksum: number,
    ): number | null;
  };
  export default bzip2;
}
