import { extract } from 'tar-stream';
import { describe, expect, test } from 'vitest';
import { single } from '../../src/io/bytes.ts';
import { packTar, type PackedMember } from '../../src/io/tar-pack.ts';
import { noise } from '../support/make-image.ts';
import { bytesOf, reusing } from '../support/streams.ts';
import { tarOf } from '../support/tar.ts';

function member(name: string, bytes: Uint8Array): PackedMember {
  return { name, content: { size: bytes.length, open: () => reusing(bytes, [1, 600]) } };
}

describe('packTar', () => {
  test.each([
    ['a', 0],
    ['a', 1],
    ['a', 511],
    ['a', 512],
    ['a', 513],
    [`blobs/sha256/${'a'.repeat(64)}`, 5000],
    [`blobs/sha384/${'a'.repeat(96)}`, 5000],
    [`blobs/sha512/${'a'.repeat(128)}`, 5000],
    ['größe', 3],
  ])('writes what tar-stream writes: %s of %i bytes', async (name, size) => {
    const content = noise(size);
    const written = await bytesOf(
      packTar([{ name: 'directory/' }, member(name, content), member('last', content)]),
    );
    const expected = await tarOf([
      { name: 'directory/', type: 'directory' },
      { name, content },
      { name: 'last', content },
    ]);
    expect(Buffer.compare(written, expected)).toBe(0);
  });

  test('writes links, permissions, and members that come later', async () => {
    async function* members(): AsyncIterable<PackedMember> {
      yield { name: 'directory/link', target: '../file' };
      yield { ...member('file', noise(10)), mode: 0o444 };
    }
    const written = await bytesOf(packTar(members()));
    const tar = extract();
    tar.end(written);
    const headers: string[] = [];
    for await (const entry of tar) {
      const { type, name, mode, linkname, size } = entry.header;
      headers.push([type, name, mode.toString(8), linkname ?? '', size].join(' '));
      entry.resume();
    }
    expect(headers).toEqual(['symlink directory/link 0 ../file 0', 'file file 444  10']);
  });

  test('states a size that octal digits have no room for', async () => {
    const size = 2 ** 33 + 1;
    const open = (): AsyncIterable<Uint8Array> => single(Buffer.alloc(0));
    const tar = packTar([{ name: 'a', content: { size, open } }])[Symbol.asyncIterator]();
    const { value: header } = await tar.next();
    expect(Buffer.from(header).readBigUInt64BE(124 + 4)).toBe(BigInt(size));
    expect(header[124]).toBe(0x80);
  });

  test.each([[4], [6]])('fails when there are not the bytes that were announced', async (size) => {
    const content = { size, open: () => single(Buffer.from('12345')) };
    await expect(bytesOf(packTar([{ name: 'a', content }]))).rejects.toThrow('5 bytes');
  });
});
