/** A tar archive read where it stands: members by name, nothing unpacked. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path/posix';
import { OcipushError } from '../errors.ts';
import { collect, peek, type ByteRange, type ByteStream } from '../io/bytes.ts';
import { openRegularFile, readFileStream, readRange, type OpenFile } from '../io/file-reader.ts';
import { spool } from '../io/spool.ts';
import { cleanMemberName, indexTar, type TarMember } from '../io/tar-index.ts';
import { decompress } from '../transforms/decompress.ts';
import { detectCompression, MAGIC_LENGTH } from '../transforms/detect.ts';
import type { TransportContext } from './transport.ts';

/** The path that stands for standard input. */
export const STANDARD_INPUT = '-';

/** Links that are followed from one name: more than any honest archive has. */
const MAX_LINKS = 8;

export class TarArchive implements AsyncDisposable {
  readonly #file: OpenFile;
  /** Members of equal name in their order. */
  readonly #members: ReadonlyMap<string, readonly TarMember[]>;

  private constructor(file: OpenFile, members: readonly TarMember[]) {
    this.#file = file;
    const byName = new Map<string, TarMember[]>();
    for (const member of members) {
      const namesakes = byName.get(member.name);
      if (namesakes) namesakes.push(member);
      else byName.set(member.name, [member]);
    }
    this.#members = byName;
  }

  /**
   * Opens and indexes an archive. A compressed one, and standard input, is copied to a temporary
   * file first, for it can be read only from front to back.
   * @throws OcipushError SOURCE_NOT_FOUND, ARCHIVE_INVALID, UNSUPPORTED
   */
  static async open(path: string, context: TransportContext): Promise<TarArchive> {
    const file = await openPlain(path, context);
    try {
      return new TarArchive(file, await indexTar(file));
    } catch (error) {
      await file.handle.close();
      throw error;
    }
  }

  has(name: string): boolean {
    return this.#members.has(name);
  }

  /** Bytes of a member. @throws OcipushError as {@link read} */
  size(name: string): number {
    return this.#resolve(name).size;
  }

  /**
   * The bytes of a member, or of a range of them; links lead to other members only.
   * @throws OcipushError SOURCE_NOT_FOUND when there is no such file in the archive
   */
  read(name: string, range?: ByteRange): ByteStream {
    const { offset, size } = this.#resolve(name);
    const start = offset + Math.min(size, range?.start ?? 0);
    return readRange(this.#file.handle, {
      start,
      end: offset + Math.min(size, range?.end ?? size),
    });
  }

  /**
   * All of a member that says what the others are. Two such members under one name, which tools
   * read differently, must not differ.
   * @throws OcipushError LIMIT_EXCEEDED, ARCHIVE_INVALID, SOURCE_NOT_FOUND
   */
  async readControlFile(name: string, limit: number): Promise<Uint8Array> {
    const bytes = await collect(this.read(name), limit, name);
    for (const { offset, size } of this.#members.get(name)?.slice(1) ?? []) {
      const range = { start: offset, end: offset + size };
      const other = await collect(readRange(this.#file.handle, range), limit, name);
      if (Buffer.compare(bytes, other) !== 0) {
        throw new OcipushError('ARCHIVE_INVALID', `the archive has two different files ${name}`);
      }
    }
    return bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.handle.close();
  }

  #resolve(name: string): TarMember {
    let wanted = cleanMemberName(name);
    for (let links = 0; links <= MAX_LINKS; links += 1) {
      const member = this.#members.get(wanted)?.[0];
      if (member === undefined) break;
      if (member.kind === 'file') return member;
      if (member.kind === 'other') {
        throw new OcipushError('ARCHIVE_INVALID', `${name} in the archive is not a regular file`);
      }
      // Symbolic links are relative to where they stand, hard links to the root of the archive.
      const base = member.kind === 'symlink' ? dirname(`/${wanted}`) : '/';
      wanted = cleanMemberName(
        member.target.startsWith('/') ? member.target : join(base, member.target),
      );
    }
    throw new OcipushError(
      'SOURCE_NOT_FOUND',
      `loading tar component "${name}": file does not exist`,
    );
  }
}

async function openPlain(path: string, context: TransportContext): Promise<OpenFile> {
  if (path === STANDARD_INPUT) return spoolPlain(context.standardInput(), context);
  if (await isPipe(path)) return spoolPlain(createReadStream(path), context);
  const file = await openRegularFile(path);
  const start = await collect(
    readRange(file.handle, { start: 0, end: Math.min(MAGIC_LENGTH, file.size) }),
    MAGIC_LENGTH,
    path,
  );
  if (detectCompression(start) === 'none') return file;
  await file.handle.close();
  return spoolPlain(readFileStream(path), context);
}

/** @throws OcipushError SOURCE_NOT_FOUND */
async function isPipe(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFIFO();
  } catch (error) {
    throw new OcipushError('SOURCE_NOT_FOUND', `archive file not found: ${JSON.stringify(path)}`, {
      origin: 'source',
      hint: 'check the path',
      cause: error,
    });
  }
}

async function spoolPlain(input: ByteStream, context: TransportContext): Promise<OpenFile> {
  const { start, stream } = await peek(input, MAGIC_LENGTH);
  return spool(decompress(stream, detectCompression(start)), context.temporaryDirectory);
}
