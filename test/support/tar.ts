/** Makes tar files, honest ones and others. */
import { pack, type Header } from 'tar-stream';
import { bytesOf } from './streams.ts';

/** A member: a regular file unless told. */
export interface TarEntry {
  readonly name: string;
  readonly content?: string | Uint8Array;
  readonly type?: Header['type'];
  readonly linkname?: string;
  /** Further records, beside those that long names need. */
  readonly pax?: Readonly<Record<string, string>>;
}

/** A tar file with these members in this order; nothing about them is checked. */
export async function tarOf(entries: readonly TarEntry[]): Promise<Buffer> {
  const tar = pack();
  for (const { content = '', ...header } of entries) {
    tar.entry({ ...header, mtime: new Date(0) }, Buffer.from(content as Uint8Array));
  }
  tar.finalize();
  return bytesOf(tar as AsyncIterable<Uint8Array>);
}

export const BLOCK = 512;

/** What ends a tar file. */
export const END = Buffer.alloc(2 * BLOCK);

/**
 * A ustar header block with the right checksum. `fields` are written over it at their places: 124 is
 * the size, 156 the type, 157 the target of a link, 257 the format.
 */
export function headerBlock(
  name: string,
  fields: Readonly<Record<number, string | Uint8Array>> = {},
): Buffer {
  const block = Buffer.alloc(BLOCK);
  const usual = { 0: name, 124: octal(0), 156: '0', 257: 'ustar\u000000' };
  for (const [place, field] of Object.entries({ ...usual, ...fields })) {
    block.set(typeof field === 'string' ? Buffer.from(field) : field, Number(place));
  }
  return sealHeader(block);
}

/** The same block with the sum that its bytes have. */
export function sealHeader(block: Buffer): Buffer {
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\u0000 `, 148);
  return block;
}

/** A size as headers have it. */
export function octal(size: number): string {
  return `${size.toString(8).padStart(11, '0')}\u0000`;
}

/** Contents, filled up to whole blocks. */
export function padded(content: string | Uint8Array): Buffer {
  const bytes = Buffer.from(content as Uint8Array);
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & (BLOCK - 1))]);
}

/** One PAX record: it begins with its own length. */
export function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const size = Buffer.byteLength(rest);
  const length = [...Array(8).keys()].find((digits) => String(size + digits).length === digits);
  return `${size + (length ?? 0)}${rest}`;
}

/** The extension header, `x` for the next member or `g` for all, that holds these records. */
export function paxHeader(type: 'x' | 'g', records: Readonly<Record<string, string>>): Buffer {
  const text = Object.entries(records)
    .map(([key, value]) => paxRecord(key, value))
    .join('');
  return Buffer.concat([
    headerBlock('pax', { 124: octal(Buffer.byteLength(text)), 156: type }),
    padded(text),
  ]);
}
