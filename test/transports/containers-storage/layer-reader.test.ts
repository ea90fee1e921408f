import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { collect, MIB, type ByteRange } from '../../../src/io/bytes.ts';
import { LayerReader } from '../../../src/transports/containers-storage/layer-reader.ts';
import type { LayerFiles } from '../../../src/transports/containers-storage/rebuild.ts';
import { makeContext } from '../../support/transport-context.ts';
import { noise } from '../../support/make-image.ts';
import { tarSplitOf } from './make-store.ts';
import { temporaryDirectory, withoutPermission } from '../../support/scratch.ts';

const SECRET = { name: 'private/file', content: 'secret' };
const PARTS = [Buffer.from(noise(300_000)), SECRET, Buffer.from(noise(200_000, 'end'))];
const TAR = Buffer.concat(PARTS.map((part) => ('name' in part ? Buffer.from(part.content) : part)));

interface Place {
  readonly root: string;
  readonly files: LayerFiles;
  readonly reader: LayerReader;
  /** The bytes, read while the file may not be. */
  readonly read: (range?: ByteRange) => Promise<Buffer>;
}

/** A layer with a file that may not be read, and these programs in the PATH, as shell scripts. */
async function makePlace(programs: Readonly<Record<string, string>>): Promise<Place> {
  const root = await temporaryDirectory();
  await chmod(root, 0o755);
  const secret = join(root, 'diff/private');
  await mkdir(secret, { recursive: true });
  await mkdir(join(root, 'bin'));
  await writeFile(join(secret, 'file'), SECRET.content);
  await writeFile(join(root, 'tar'), TAR);
  await writeFile(join(root, 'tar-split.gz'), tarSplitOf(PARTS));
  for (const [name, script] of Object.entries(programs)) {
    await writeFile(join(root, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  const files = { tarSplit: join(root, 'tar-split.gz'), directories: [join(root, 'diff')] };
  const reader = new LayerReader({ ...makeContext(), environment: { PATH: join(root, 'bin') } });
  const read: Place['read'] = async (range) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of reader.read(files, range)) chunks.push(new Uint8Array(chunk));
    return Buffer.concat(chunks);
  };
  return { root, files, reader, read: (range) => withoutPermission(secret, () => read(range)) };
}

/** A program that does what the namespace would make possible. */
const ALLOWED = 'exec /bin/cat "${0%/*}/../tar"';

function fails(failure: object): string {
  return `echo '${JSON.stringify({ message: 'open "f": reason', denied: false, ...failure })}' >&2`;
}

describe('a layer with files of other users', () => {
  test.each([
    { unshare: ALLOWED },
    { podman: ALLOWED }, // there is no unshare
    { unshare: 'echo no >&2; exit 1', podman: ALLOWED },
    { unshare: fails({ denied: true }), podman: ALLOWED }, // not all ranges were mapped
  ])('is read by a child after %j', async (programs) => {
    const { read } = await makePlace(programs);
    const [whole, again] = [await read(), await read({ start: 299_999, end: 300_007 })];
    expect(whole.equals(TAR)).toBe(true);
    expect(again.equals(TAR.subarray(299_999, 300_007))).toBe(true);
  });

  test('is not begun again for what can be read without', async () => {
    const { read, root } = await makePlace({ unshare: `echo >>"\${0%/*}/../count"; ${ALLOWED}` });
    await read();
    await writeFile(join(root, 'bin/unshare'), '#!/bin/sh\nexit 1\n');
    expect((await read({ start: 0, end: 8 })).equals(TAR.subarray(0, 8))).toBe(true);
    await expect(read({ start: 0, end: MIB })).rejects.toThrow(/unshare/);
  });

  test('tells of the failure of the child', async () => {
    const programs = { unshare: fails({ code: 'DIGEST_MISMATCH' }), podman: ALLOWED };
    const { read } = await makePlace(programs);
    await expect(read()).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: 'open "f": reason',
    });
  });

  test.each([
    [{}, /unshare.*ENOENT.*podman.*ENOENT/],
    [{ unshare: 'echo no map >&2; exit 1' }, /no map/],
    [
      { unshare: fails({ denied: true, code: 'FILE_UNREADABLE' }), podman: 'exit 7' },
      /"f".*ended with 7/,
    ],
    [{ unshare: '/bin/head -c 100 "${0%/*}/../tar"; exit 1', podman: ALLOWED }, /ended with 1/],
    [{ unshare: 'kill -9 $$', podman: 'exit 1' }, /SIGKILL/],
  ])('says why it cannot be read with %j', async (programs, reason) => {
    const { read } = await makePlace(programs);
    await expect(read()).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
      message: expect.stringMatching(reason) as string,
      hint: expect.stringContaining('subuid') as string,
    });
  });

  test('ends the child when nobody reads on', async () => {
    const script = `trap 'echo >"\${0%/*}/../ended"; exit' TERM; /bin/cat "\${0%/*}/../tar"; while :; do /bin/sleep 0.01; done`;
    const { reader, files, root } = await makePlace({ unshare: script });
    await writeFile(join(root, 'ended'), '');
    await chmod(join(root, 'ended'), 0o666);
    const chunks = reader.read(files)[Symbol.asyncIterator]();
    await withoutPermission(join(root, 'diff/private'), async () => {
      for (let size = 0; size <= 300_000;) size += (await chunks.next()).value?.length ?? 0;
    });
    await chunks.return?.();
    await expect.poll(() => readFile(join(root, 'ended'), 'utf8')).toBe('\n');
  });

  test('is given up with the push', async () => {
    const { files, root } = await makePlace({ unshare: 'exec /bin/sleep 100' });
    const controller = new AbortController();
    const context = {
      ...makeContext(),
      signal: controller.signal,
      environment: { PATH: join(root, 'bin') },
    };
    const reading = withoutPermission(join(root, 'diff/private'), async () => {
      setTimeout(() => controller.abort(new Error('stop')), 20);
      await collect(new LayerReader(context).read(files), MIB, 'layer');
    });
    await expect(reading).rejects.toThrow('stop');
  });
});
