/** Reads tar-split: the recipe by which the tar of a layer is put together again from its files. */
import { isJsonObject, parseJson } from '../../io/bounded-json.ts';
import type { ByteStream } from '../../io/bytes.ts';
import { readFileStream } from '../../io/file-reader.ts';
import { messageOf, OcipushError } from '../../errors.ts';
import { decompress } from '../../transforms/decompress.ts';
import { DAMAGED_HINT } from '../source-error.ts';

/** The next part of the tar: bytes that stand in the recipe, or all of a file. */
export type TarSplitEntry =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'file';
      /** As in the tar header, one character for each byte: names need not be UTF-8. */
      readonly name: string;
      readonly size: number;
    };

/** Bytes of one line: a segment of 1 MiB, the most that its writer takes at once, as base64. */
const LINE_LIMIT = 4 * 1024 * 1024;

const NEWLINE = 0x0a;

/** Values of `type` (tar-split, storage/entry.go). */
const FILE = 1;
const SEGMENT = 2;

/**
 * The entries of a compressed tar-split file in their order, without those that have no bytes: as many
 * at a time as there are, for a layer has many and to wait for each would take its time.
 * @throws OcipushError FILE_NOT_FOUND, FILE_UNREADABLE, ARCHIVE_INVALID
 */
export async function* readTarSplit(path: string): AsyncGenerator<Iterable<TarSplitEntry>> {
  for await (const lines of linesOf(decompress(readFileStream(path), 'gzip'))) {
    yield entriesOf(lines);
  }
}

function* entriesOf(lines: Iterable<Buffer>): Generator<TarSplitEntry> {
  for (const line of lines) {
    const entry = parseEntry(line);
    if (entry) yield entry;
  }
}

/** @throws OcipushError as {@link readTarSplit}. Bytes of the whole tar; no file is opened. */
export async function tarSplitSize(path: string): Promise<number> {
  let size = 0;
  for await (const entries of readTarSplit(path)) {
    for (const entry of entries) {
      size += entry.kind === 'bytes' ? entry.bytes.length : entry.size;
    }
  }
  return size;
}

/** Those that have ended, whenever bytes have come. */
async function* linesOf(stream: ByteStream): AsyncGenerator<Iterable<Buffer>> {
  let rest = Buffer.alloc(0);
  for await (const chunk of stream) {
    // A copy, for the stream may use its buffer again while the last line waits for its end.
    const text = Buffer.concat([rest, chunk]);
    const end = text.lastIndexOf(NEWLINE) + 1;
    yield split(text.subarray(0, end));
    rest = text.subarray(end);
    if (rest.length > LINE_LIMIT) throw invalid('a line is too long');
  }
  yield split(rest);
}

function* split(text: Buffer): Generator<Buffer> {
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf(NEWLINE, start);
    const end = newline < 0 ? text.length : newline;
    if (end > start) yield text.subarray(start, end);
    start = end + 1;
  }
}

/** Undefined for an entry without bytes: a directory, a link, a whiteout, an empty file. */
function parseEntry(line: Buffer): TarSplitEntry | undefined {
  const entry = parseObject(line);
  const { type } = entry;
  switch (type) {
    case SEGMENT: {
      const bytes = base64(entry['payload'] ?? '');
      return bytes.length === 0 ? undefined : { kind: 'bytes', bytes };
    }
    case FILE: {
      const size = entry['size'] ?? 0;
      if (!isSize(size)) throw invalid('the size of a file is invalid');
      return size === 0 ? undefined : { kind: 'file', name: nameOf(entry), size };
    }
    default:
      throw invalid(`unknown type ${typeof type === 'number' ? type : typeof type} of an entry`);
  }
}

function nameOf(entry: Readonly<Record<string, unknown>>): string {
  const { name, name_raw: raw } = entry;
  const bytes = raw === undefined ? Buffer.from(typeof name === 'string' ? name : '') : base64(raw);
  if (bytes.length === 0) throw invalid('a file has no name');
  return bytes.toString('latin1');
}

function parseObject(line: Buffer): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = parseJson(line, 'entry');
  } catch (error) {
    throw invalid(messageOf(error), error);
  }
  if (!isJsonObject(value)) throw invalid('expected an object in every line');
  return value;
}

function base64(value: unknown): Buffer {
  if (typeof value !== 'string') throw invalid('expected base64');
  return Buffer.from(value, 'base64');
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function invalid(problem: string, cause?: unknown): OcipushError {
  return new OcipushError('ARCHIVE_INVALID', `parsing tar-split: ${problem}`, {
    origin: 'source',
    hint: DAMAGED_HINT,
    cause,
  });
}
