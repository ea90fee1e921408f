/** Writes tar files whose bytes depend on nothing but names and contents. */
import { constants } from 'node:fs';
import { pack, type Header } from 'tar-stream';
import type { ByteStream } from './bytes.ts';

const BLOCK = 512;

/** Two blocks of zeros (POSIX pax, ustar Interchange Format). */
const END = new Uint8Array(2 * BLOCK);

/**
 * A regular file of `size` bytes, a symbolic link to `target`, or else a directory; names are
 * relative.
 */
export interface PackedMember {
  readonly name: string;
  readonly content?: { readonly size: number; open(): ByteStream };
  readonly target?: string;
  /** Permissions of a regular file; 0644 unless told. */
  readonly mode?: number;
}

/**
 * The tar file with these members in their order: owned by root, of the first second of 1970, 0755
 * if it is a directory and 0 if it is a link. Contents are not copied: each chunk is handed on as
 * it comes.
 */
export async function* packTar(
  members: Iterable<PackedMember> | AsyncIterable<PackedMember>,
): ByteStream {
  for await (const member of members) {
    const { name, content } = member;
    yield await headerOf(member);
    if (content === undefined) continue;
    yield* exactly(name, content.size, content.open());
    const padding = -content.size & (BLOCK - 1);
    if (padding > 0) yield END.subarray(0, padding);
  }
  yield END;
}

async function* exactly(name: string, size: number, stream: ByteStream): ByteStream {
  let passed = 0;
  for await (const chunk of stream) {
    passed += chunk.length;
    yield chunk;
  }
  if (passed !== size) throw new TypeError(`${name} has ${passed} bytes, not ${size}`);
}

/** The header blocks alone: tar-stream hands them out before it takes the contents. */
async function headerOf(member: PackedMember): Promise<Uint8Array> {
  const tar = pack();
  const blocks: Uint8Array[] = [];
  tar.on('data', (block) => blocks.push(block as Uint8Array));
  const entry = tar.entry({ uid: 0, gid: 0, mtime: new Date(0), ...fieldsOf(member) });
  await new Promise<void>((resolve, reject) => {
    tar.on('error', reject);
    entry.on('open', () => setImmediate(resolve));
  });
  return Buffer.concat(blocks);
}

function fieldsOf(member: PackedMember): Partial<Header> & Pick<Header, 'name'> {
  const { name, content, target, mode = 0o644 } = member;
  if (content !== undefined) return { name, type: 'file', mode, size: content.size };
  if (target === undefined) return { name, type: 'directory', mode: 0o755 };
  // Permissions of 0: tar-stream takes the number 0 for none, and cuts off what is no permission.
  return { name, type: 'symlink', linkname: target, mode: constants.S_IFLNK };
}
