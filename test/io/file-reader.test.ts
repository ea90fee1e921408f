import { execFile } from 'node:child_process';
import { mkdir, symlink, truncate, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import {
  openRegularFile,
  readFileStream,
  readRange,
  readSmallFile,
  readToEnd,
  statPath,
} from '../../src/io/file-reader.ts';
import { noise } from '../support/make-image.ts';
import { openFiles, temporaryDirectory, withoutPermission } from '../support/scratch.ts';
import { bytesOf, firstOf } from '../support/streams.ts';

const READ = 512 * 1024;
/** Three reads and a little more. */
const CONTENT = Buffer.from(noise(3 * READ + 7));

let directory = '';
let path = '';

beforeEach(async () => {
  directory = await temporaryDirectory();
  path = join(directory, 'file');
  await writeFile(path, CONTENT);
});

describe('readFileStream', () => {
  test.each([[0], [1], [READ - 1], [READ], [READ + 1], [CONTENT.length]])(
    'gives all of %i bytes',
    async (size) => {
      await truncate(path, size);
      const bytes = await bytesOf(readFileStream(path));
      expect(bytes.equals(CONTENT.subarray(0, size))).toBe(true);
    },
  );

  test.each([
    [0, 0],
    [0, 8],
    [5, 6],
    [100, READ + 100],
    [READ, 2 * READ],
    [CONTENT.length - 1, CONTENT.length],
    [CONTENT.length - 1, CONTENT.length + 8], // what is not there is left out
    [CONTENT.length, CONTENT.length + 8],
    [CONTENT.length + 1, CONTENT.length + 8],
  ])('gives bytes %i to %i', async (start, end) => {
    const bytes = await bytesOf(readFileStream(path, { start, end }));
    expect(bytes.equals(CONTENT.subarray(start, end))).toBe(true);
  });

  test('gives chunks that a socket can send at once', async () => {
    const sizes: number[] = [];
    for await (const chunk of readFileStream(path)) sizes.push(chunk.length);
    expect(sizes).toEqual([READ, READ, READ, 7]);
  });

  test('keeps no file open', async () => {
    const unused = readFileStream(path);
    expect(await openFiles(directory)).toEqual([]);
    await firstOf(readFileStream(path));
    expect(await openFiles(directory)).toEqual([]);
    await bytesOf(readFileStream(path));
    expect(await openFiles(directory)).toEqual([]);
    await unused[Symbol.asyncIterator]().return?.();
    expect(await openFiles(directory)).toEqual([]);
  });

  test('follows symbolic links', async () => {
    await symlink('file', join(directory, 'link'));
    const bytes = await bytesOf(readFileStream(join(directory, 'link')));
    expect(bytes.equals(CONTENT)).toBe(true);
  });
});

describe('readRange', () => {
  test('fails where the file ends before its range', async () => {
    const { handle, size } = await openRegularFile(path);
    onTestFinished(() => handle.close());
    await expect(
      bytesOf(readRange(handle, { start: size - 1, end: size + 1 })),
    ).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });

  test('lets a read ahead fail before anybody waits for it', async () => {
    const unhandled: unknown[] = [];
    const onUnhandled = (reason: unknown): number => unhandled.push(reason);
    process.on('unhandledRejection', onUnhandled);
    onTestFinished(() => void process.off('unhandledRejection', onUnhandled));
    const reads = [Promise.resolve({ bytesRead: 10 }), Promise.reject(new Error('disk'))];
    reads[1]?.catch(() => undefined);
    const handle = { read: () => reads.shift() } as unknown as FileHandle;
    const chunks = readRange(handle, { start: 0, end: 20 })[Symbol.asyncIterator]();
    await chunks.next();
    await setImmediate();
    await expect(chunks.next()).rejects.toThrow('disk');
    expect(unhandled).toEqual([]);
  });

  test('ends no sooner than its reads', async () => {
    let finishRead = (): void => undefined;
    const second = new Promise<{ bytesRead: number }>((resolve) => {
      finishRead = () => resolve({ bytesRead: 10 });
    });
    const reads = [Promise.resolve({ bytesRead: 10 }), second];
    const handle = { read: () => reads.shift() } as unknown as FileHandle;
    const chunks = readRange(handle, { start: 0, end: 20 })[Symbol.asyncIterator]();
    await chunks.next();
    const order: string[] = [];
    const ending = chunks.return?.().finally(() => order.push('ended'));
    await setImmediate();
    order.push('read');
    finishRead();
    await ending;
    expect(order).toEqual(['read', 'ended']);
  });
});

describe('a path that cannot be read', () => {
  beforeEach(async () => {
    await mkdir(join(directory, 'directory'));
    await symlink('loop', join(directory, 'loop'));
    await promisify(execFile)('mkfifo', [join(directory, 'pipe')]);
  });

  test.each([
    ['missing', 'FILE_NOT_FOUND', 'no such file or directory'],
    ['missing/file', 'FILE_NOT_FOUND', 'no such file or directory'],
    ['file/below', 'FILE_NOT_FOUND', 'not a directory'],
    ['directory', 'FILE_UNREADABLE', 'is a directory'],
    ['pipe', 'FILE_UNREADABLE', 'not a regular file'],
    ['../../dev/null', 'FILE_UNREADABLE', 'not a regular file'],
    ['loop', 'FILE_UNREADABLE', 'too many symbolic links encountered'],
  ])('%s: %s', async (name, code, reason) => {
    const place = join(directory, name);
    const failure = { code, message: `open ${place}: ${reason}` };
    await expect(openRegularFile(place)).rejects.toMatchObject(failure);
    await expect(bytesOf(readFileStream(place))).rejects.toMatchObject(failure);
    await expect(readSmallFile(place, 1)).rejects.toMatchObject(failure);
    expect(await openFiles(directory)).toEqual([]);
  });

  test('because nobody may', async () => {
    await withoutPermission(directory, async () => {
      const failure = { code: 'FILE_UNREADABLE', hint: expect.any(String) };
      await expect(openRegularFile(path)).rejects.toMatchObject(failure);
      await expect(statPath(path)).rejects.toMatchObject(failure);
    });
  });
});

describe('readSmallFile', () => {
  test('takes as many bytes as it may', async () => {
    const bytes = await readSmallFile(path, CONTENT.length);
    expect(CONTENT.equals(bytes)).toBe(true);
    await expect(readSmallFile(path, CONTENT.length - 1)).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
    expect(await openFiles(directory)).toEqual([]);
  });
});

describe('readToEnd', () => {
  test('takes as many bytes as it may, of any file', async () => {
    expect(CONTENT.equals(await readToEnd(path, CONTENT.length))).toBe(true);
    expect(await readToEnd('/dev/null', 1)).toHaveLength(0);
    for (const endless of [path, '/dev/zero']) {
      await expect(readToEnd(endless, CONTENT.length - 1)).rejects.toMatchObject({
        code: 'LIMIT_EXCEEDED',
      });
    }
    expect(await openFiles(directory)).toEqual([]);
  });

  test('takes what comes out of a pipe', async () => {
    await promisify(execFile)('mkfifo', [join(directory, 'pipe')]);
    const [bytes] = await Promise.all([
      readToEnd(join(directory, 'pipe'), CONTENT.length),
      writeFile(join(directory, 'pipe'), CONTENT),
    ]);
    expect(CONTENT.equals(bytes)).toBe(true);
  });

  test.each([
    ['missing', 'ENOENT'],
    ['.', 'EISDIR'],
  ])('fails as the file system does: %s', async (name, code) => {
    await expect(readToEnd(join(directory, name), 1)).rejects.toMatchObject({ code });
  });
});

describe('statPath', () => {
  test('tells files from directories and from nothing', async () => {
    expect((await statPath(path))?.isFile()).toBe(true);
    expect((await statPath(directory))?.isDirectory()).toBe(true);
    expect(await statPath(join(directory, 'missing'))).toBeUndefined();
    expect(await statPath(join(path, 'below'))).toBeUndefined();
  });

  test('does not take trouble for nothing', async () => {
    await symlink('loop', join(directory, 'loop'));
    await expect(statPath(join(directory, 'loop'))).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
    });
  });
});
