/** What stands behind the frames of a zstd:chunked layer, and the annotations that point to it. */
import { digestOf } from '../../image/digest.ts';

/** A skippable frame (RFC 8878, 3.1.2): magic and length, then what readers of zstd pass over. */
const SKIPPABLE_MAGIC = 0x184d2a50;
const HEADER = 8;

const FOOTER = 64;
const FOOTER_MAGIC = 'GNUlInUx';

/** The type of table that this is: that of storage/pkg/chunked, not that of CRFS. */
const MANIFEST_TYPE = 1;

const ANNOTATION = 'io.github.containers.zstd-chunked.';

/** A text in its compressed form. */
export interface TrailerPart {
  readonly bytes: Uint8Array;
  /** Bytes of the text. */
  readonly plainSize: number;
}

export interface Trailer {
  readonly bytes: Uint8Array;
  readonly annotations: Readonly<Record<string, string>>;
}

/** @param position bytes of the frames before */
export function trailerOf(position: number, toc: TrailerPart, tarSplit: TrailerPart): Trailer {
  const tocPosition = position + HEADER;
  const tarSplitPosition = tocPosition + toc.bytes.length + HEADER;
  const numbers = [
    tocPosition,
    toc.bytes.length,
    toc.plainSize,
    MANIFEST_TYPE,
    tarSplitPosition,
    tarSplit.bytes.length,
    tarSplit.plainSize,
  ];
  const footer = Buffer.alloc(FOOTER, FOOTER_MAGIC, 'latin1');
  for (const [index, number] of numbers.entries()) {
    footer.writeBigUInt64LE(BigInt(number), 8 * index);
  }
  const [tocAt, tocSize, tocPlain, type, ...tarSplitNumbers] = numbers;
  return {
    bytes: Buffer.concat([toc.bytes, tarSplit.bytes, footer].flatMap(skippable)),
    annotations: {
      [`${ANNOTATION}manifest-checksum`]: digestOf(toc.bytes),
      [`${ANNOTATION}manifest-position`]: [tocAt, tocSize, tocPlain, type].join(':'),
      [`${ANNOTATION}tarsplit-position`]: tarSplitNumbers.join(':'),
    },
  };
}

function skippable(payload: Uint8Array): readonly Uint8Array[] {
  const header = Buffer.alloc(HEADER);
  header.writeUInt32LE(SKIPPABLE_MAGIC, 0);
  header.writeUInt32LE(payload.length, 4);
  return [header, payload];
}
