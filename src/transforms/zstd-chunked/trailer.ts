/** What stands behind the frames of a zstd:chunked layer, and the annotations that point to it. */
import type { FinishedText } from './compressed-text.ts';

/** A skippable frame (RFC 8878, 3.1.2): magic and length, then what readers of zstd pass over. */
const SKIPPABLE_MAGIC = 0x184d2a50;
const HEADER = 8;

const FOOTER = 64;
const FOOTER_MAGIC = 'GNUlInUx';

/** The type of table that this is: that of storage/pkg/chunked, not that of CRFS. */
const MANIFEST_TYPE = 1;

const ANNOTATION = 'io.github.containers.zstd-chunked.';

export interface Trailer {
  readonly parts: readonly Uint8Array[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** @param position bytes of the frames before */
export function trailerOf(position: number, toc: FinishedText, tarSplit: FinishedText): Trailer {
  const tocPosition = position + HEADER;
  const tarSplitPosition = tocPosition + toc.size + HEADER;
  const numbers = [
    tocPosition,
    toc.size,
    toc.plainSize,
    MANIFEST_TYPE,
    tarSplitPosition,
    tarSplit.size,
    tarSplit.plainSize,
  ];
  const footer = Buffer.alloc(FOOTER, FOOTER_MAGIC, 'latin1');
  for (const [index, number] of numbers.entries()) {
    footer.writeBigUInt64LE(BigInt(number), 8 * index);
  }
  const [tocAt, tocSize, tocPlain, type, ...tarSplitNumbers] = numbers;
  return {
    parts: [
      ...skippable(toc),
      ...skippable(tarSplit),
      ...skippable({ parts: [footer], size: FOOTER }),
    ],
    annotations: {
      [`${ANNOTATION}manifest-checksum`]: toc.digest,
      [`${ANNOTATION}manifest-position`]: [tocAt, tocSize, tocPlain, type].join(':'),
      [`${ANNOTATION}tarsplit-position`]: tarSplitNumbers.join(':'),
    },
  };
}

function skippable({ parts, size }: Pick<FinishedText, 'parts' | 'size'>): readonly Uint8Array[] {
  const header = Buffer.alloc(HEADER);
  header.writeUInt32LE(SKIPPABLE_MAGIC, 0);
  header.writeUInt32LE(size, 4);
  return [header, ...parts];
}
