/** Reads tar-split: the recipe by which the tar of a layer is put together again from its files. */
import { isJsonObject, parseJson } from '../../io/bounded-json.ts';
import type { ByteStream } from '../../io/bytes.ts';
import { readFileStream } from '../../io/file-reader.ts';
import { messageOf, OcipushError } from '../../errors.ts';
import { gunzip } from '../../transforms/gunzip.ts';
import { DAMAGED_HINT } from '../source-error.ts';

/** The next part of the tar: bytes that stand in the recipe, or all of a file. */
export type TarSplitEntry =
  | {
      readonly kind: 'segment';
      /** In base64, as it stands in the recipe: whoever wants the bytes has a place for them. */
      readonly payload: string;
      readonly size: number;
    }
  | {
      readonly kind: 'file';
      /** As in the tar header, one character for each byte: names need not be UTF-8. */
      readonly name: string;
      readonly size: number;
    };

/** Bytes of one line: a segment of 1 MiB, the most that its writer takes at once, as base64. */
const LINE_LIMIT = 4 * 1024 * 1024;

/** Bytes that are taken apart at a time: more take no less time, and wait for the garbage collector. */
const CHUNK = 64 * 1024;

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
  for await (const lines of linesOf(gunzip(readFileStream(path), CHUNK))) {
    yield entriesOf(lines);
  }
}

function* entriesOf(lines: Iterable<Uint8Array>): Generator<TarSplitEntry> {
  for (const line of lines) {
    const entry = parseEntry(line);
    if (entry) yield entry;
  }
}

/** @throws OcipushError as {@link readTarSplit}. Bytes of the whole tar; no file is opened. */
export async function tarSplitSize(path: string): Promise<number> {
  let size = 0;
  for await (const entries of readTarSplit(path)) {
    for (const entry of entries) size += entry.size;
  }
  return size;
}

/** Those that have ended, whenever bytes have come. */
async function* linesOf(stream: ByteStream): AsyncGenerator<Iterable<Uint8Array>> {
  let rest = Buffer.alloc(0);
  for await (const chunk of stream) {
    const first = chunk.indexOf(NEWLINE) + 1;
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    // A copy, for the stream may use its buffer again while a line waits for its end.
    rest = Buffer.concat([rest, chunk.subarray(0, first === 0 ? chunk.length : first)]);
    if (rest.length > LINE_LIMIT) throw invalidTarSplit('a line is too long');
    if (first === 0) continue;
    yield split(rest);
    yield split(chunk.subarray(first, end));
    rest = Buffer.from(chunk.subarray(end));
  }
  yield split(rest);
}

function* split(lines: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < lines.length;) {
    const newline = lines.indexOf(NEWLINE, start);
    const end = newline < 0 ? lines.length : newline;
    if (end > start) yield lines.subarray(start, end);
    start = end + 1;
  }
}

/** Undefined for an entry without bytes: a directory, a link, a whiteout, an empty file. */
function parseEntry(line: Uint8Array): TarSplitEntry | undefined {
  const entry = parseObject(line);
  const { type } = entry;
  switch (type) {
    case SEGMENT: {
      const payload = base64(entry['payload'] ?? '');
      const size = Buffer.byteLength(payload, 'base64');
      return size === 0 ? undefined : { kind: 'segment', payload, size };
    }
    case FILE: {
      const size = entry['size'] ?? 0;
      if (!isSize(size)) throw invalidTarSplit('the size of a file is invalid');
      return size === 0 ? undefined : { kind: 'file', name: nameOf(entry), size };
    }
    default:
      throw invalidTarSplit(
        `unknown type ${typeof type === 'number' ? type : typeof type} of an entry`,
      );
  }
}

function nameOf(entry: Readonly<Record<string, unknown>>): string {
  const { name, name_raw: raw } = entry;
  const bytes =
    raw === undefined
      ? Buffer.from(typeof name === 'string' ? name : '')
      : Buffer.from(base64(raw), 'base64');
  if (bytes.length === 0) throw invalidTarSplit('a file has no name');
  return bytes.toString('latin1');
}

function parseObject(line: Uint8Array): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = parseJson(line, 'entry');
  } catch (error) {
    throw invalidTarSplit(messageOf(error), error);
  }
  if (!isJsonObject(value)) throw invalidTarSplit('expected an object in every line');
  return value;
}

function base64(value: unknown): string {
  if (typeof value !== 'string') throw invalidTarSplit('expected base64');
  return value;
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** The error of a recipe that nothing can be made of. */
export function invalidTarSplit(problem: string, cause?: unknown): OcipushError {
  return new OcipushError('ARCHIVE_INVALID', `parsing tar-split: ${problem}`, {
    origin: 'source',
    hint: DAMAGED_HINT,
    cause,
  });
}
