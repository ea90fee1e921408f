/** The checksum of file contents in tar-split: CRC-64 of ISO 3309, as Go's hash/crc64 has it. */

/** The polynomial's upper half, reflected; its lower half is 0. */
const POLYNOMIAL = 0xd8000000;

export class Crc64 {
  #low = 0xffffffff | 0;
  #high = 0xffffffff | 0;

  /**
   * Eight bytes in a step, without a table: the polynomial has four terms, x^64 + x^4 + x^3 + x + 1,
   * so that the division is a few shifts.
   */
  update(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let [low, high] = [this.#low, this.#high];
    let position = 0;
    for (const end = bytes.length - 7; position < end; position += 8) {
      low ^= view.getUint32(position, true);
      high ^= view.getUint32(position + 4, true);
      high ^= (low << 31) ^ (low << 29) ^ (low << 28);
      low ^=
        ((low >>> 1) | (high << 31)) ^ ((low >>> 3) | (high << 29)) ^ ((low >>> 4) | (high << 28));
      high ^= (high >>> 1) ^ (high >>> 3) ^ (high >>> 4);
    }
    for (; position < bytes.length; position += 1) {
      low ^= view.getUint8(position);
      for (let bit = 0; bit < 8; bit += 1) {
        const isOdd = low & 1;
        low = (low >>> 1) | (high << 31);
        high >>>= 1;
        if (isOdd) high ^= POLYNOMIAL;
      }
    }
    this.#low = low;
    this.#high = high;
  }

  /** Big endian. */
  digest(): Buffer {
    const result = Buffer.alloc(8);
    result.writeInt32BE(~this.#high, 0);
    result.writeInt32BE(~this.#low, 4);
    return result;
  }
}
