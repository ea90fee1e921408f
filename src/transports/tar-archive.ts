/** A tar archive read where it stands: members by name, nothing unpacked. */
import { createReadStream } from 'node:fs';
import { dirname, join } from 'node:path/posix';
import { OcipushError } from '../errors.ts';
import { clampRange, collect, type ByteRange, type ByteStream } from '../io/bytes.ts';
import { disposeOnFailure } from '../io/disposal.ts';
import {
  openRegularFile,
  readFileStream,
  readRange,
  statPath,
  type OpenFile,
} from '../io/file-reader.ts';
import { spool } from '../io/spool.ts';
import { cleanMemberName, type TarMember } from '../io/tar-header.ts';
import { indexTar } from '../io/tar-index.ts';
import { decompressAny } from '../transforms/decompress.ts';
import { detectCompression, MAGIC_LENGTH } from '../transforms/detect.ts';
import { DAMAGED_HINT } from './source-error.ts';
import type { TransportContext } from './transport.ts';

/** The path that stands for standard input. */
export const STANDARD_INPUT = '-';

/** Links that are followed from one name: more than any honest archive has. */
const MAX_LINKS = 8;

export class TarArchive implements AsyncDisposable {
  /** Where it stands; undefined for what came as a stream. */
  readonly path: string | undefined;
  readonly #file: OpenFile;
  /** Members of equal name in their order. */
  readonly #members: ReadonlyMap<string, readonly TarMember[]>;

  private constructor(path: string | undefined, file: OpenFile, members: readonly TarMember[]) {
    this.path = path;
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
   * @throws OcipushError SOURCE_NOT_FOUND, FILE_UNREADABLE, FILE_UNWRITABLE, ARCHIVE_INVALID,
   * LIMIT_EXCEEDED, UNSUPPORTED
   */
  static async open(path: string, context: TransportContext): Promise<TarArchive> {
    const file = await openPlain(path, context);
    return TarArchive.#index(path === STANDARD_INPUT ? undefined : path, file);
  }

  /** The same for one that arrives as a stream. */
  static async spooled(stream: ByteStream, context: TransportContext): Promise<TarArchive> {
    return TarArchive.#index(undefined, await spoolPlain(stream, context));
  }

  static #index(path: string | undefined, file: OpenFile): Promise<TarArchive> {
    return disposeOnFailure(
      file.handle,
      async () => new TarArchive(path, file, await indexTar(file)),
    );
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
   * @throws OcipushError FILE_NOT_FOUND when there is no such file in the archive, ARCHIVE_INVALID
   * when it is there but is no regular file
   */
  read(name: string, range?: ByteRange): ByteStream {
    return this.#readMember(this.#resolve(name), range);
  }

  /**
   * All of a member that says what the others are. Two such members under one name, which tools
   * read differently, must not differ.
   * @throws OcipushError LIMIT_EXCEEDED, ARCHIVE_INVALID, FILE_NOT_FOUND
   */
  async readControlFile(name: string, limit: number): Promise<Uint8Array> {
    const bytes = await collect(this.read(name), limit, name);
    for (const other of this.#members.get(cleanMemberName(name))?.slice(1) ?? []) {
      const otherBytes = await collect(this.#readMember(other), limit, name);
      if (Buffer.compare(bytes, otherBytes) !== 0) {
        throw invalid(`the archive has two different files ${name}`);
      }
    }
    return bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.handle.close();
  }

  #readMember({ offset, size }: TarMember, range?: ByteRange): ByteStream {
    const { start, end } = clampRange(range, size);
    return readRange(this.#file.handle, { start: offset + start, end: offset + end });
  }

  #resolve(name: string): TarMember {
    let wanted = cleanMemberName(name);
    for (let links = 0; links <= MAX_LINKS; links += 1) {
      const member = this.#members.get(wanted)?.[0];
      if (member === undefined) break;
      switch (member.kind) {
        case 'file':
          return member;
        case 'symlink':
          wanted = linkedName(wanted, member.target);
          break;
        case 'hard-link':
          wanted = cleanMemberName(member.target);
          break;
        case 'sparse':
          throw invalid(`${name} in the archive is a sparse file`, 'pack it without --sparse');
        case 'other':
          throw invalid(`${name} in the archive is not a regular file`);
      }
    }
    const message = `loading tar component "${name}": file does not exist`;
    throw new OcipushError('FILE_NOT_FOUND', message);
  }
}

/** Symbolic links are relative to where they stand, and the root is that of the archive. */
function linkedName(link: string, target: string): string {
  return cleanMemberName(target.startsWith('/') ? target : join(dirname(link), target));
}

function invalid(message: string, hint: string = DAMAGED_HINT): OcipushError {
  return new OcipushError('ARCHIVE_INVALID', message, { origin: 'source', hint });
}

async function openPlain(path: string, context: TransportContext): Promise<OpenFile> {
  if (path === STANDARD_INPUT) return spoolPlain(context.standardInput(), context);
  if (await isPipe(path)) {
    return spoolPlain(createReadStream(path, { signal: context.signal }), context);
  }
  const file = await openRegularFile(path);
  const isPlain = await disposeOnFailure(file.handle, async () => {
    const start = readRange(file.handle, clampRange({ start: 0, end: MAGIC_LENGTH }, file.size));
    return detectCompression(await collect(start, MAGIC_LENGTH, path)) === 'none';
  });
  if (isPlain) return file;
  await file.handle.close();
  return spoolPlain(readFileStream(path), context);
}

function spoolPlain(input: ByteStream, context: TransportContext): Promise<OpenFile> {
  return spool(decompressAny(input), context.temporaryDirectory);
}

/** @throws OcipushError SOURCE_NOT_FOUND, FILE_UNREADABLE */
async function isPipe(path: string): Promise<boolean> {
  const found = await statPath(path);
  if (found === undefined) {
    const message = `archive file not found: ${JSON.stringify(path)}`;
    throw new OcipushError('SOURCE_NOT_FOUND', message, {
      origin: 'source',
      hint: 'check the path',
    });
  }
  if (!found.isDirectory()) return found.isFIFO();
  throw new OcipushError('FILE_UNREADABLE', `open ${path}: is a directory`, {
    origin: 'source',
    hint: 'an archive is a file: for a directory write oci: or dir:',
  });
}
