/** The forms in which layers can be compressed, by their names. */
import type { CompressionFormat } from '../image/media-types.ts';
import type { ByteStream } from '../io/bytes.ts';
import { gzip, gzipCodec } from './gzip.ts';
import { zstd, zstdCodec } from './zstd.ts';
import { zstdChunked, zstdChunkedCodec } from './zstd-chunked.ts';

export interface CodecSettings {
  /** On the scale of the format; unset means its documented default. */
  readonly level: number | undefined;
}

/** A stream being compressed. */
export interface Compressing {
  readonly stream: ByteStream;
  /** What the form adds to the descriptor of a layer, once the stream has ended. */
  readonly annotations?: () => Readonly<Record<string, string>>;
}

export interface Codec {
  /**
   * Begins with the name of the format; two of the same name make the same bytes of the same input.
   * @throws OcipushError UNSUPPORTED where the library of the format is missing
   */
  name(level: number | undefined): string;
  compress(input: ByteStream, settings: CodecSettings): Compressing;
}

export const CODECS: Readonly<Record<CompressionFormat, Codec>> = {
  gzip: {
    name: gzipCodec,
    compress: (input, settings) => ({ stream: gzip(input, settings) }),
  },
  zstd: {
    name: zstdCodec,
    compress: (input, settings) => ({ stream: zstd(input, settings) }),
  },
  'zstd:chunked': {
    name: zstdChunkedCodec,
    compress: zstdChunked,
  },
};
