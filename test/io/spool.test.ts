import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { readRange } from '../../src/io/file-reader.ts';
import { spool } from '../../src/io/spool.ts';
import { noise } from '../support/make-image.ts';
import { openFiles, temporaryDirectory } from '../support/scratch.ts';
import { bytesOf, reusing, watched } from '../support/streams.ts';

let directory = '';

beforeEach(async () => {
  directory = await temporaryDirectory();
});

describe('spool', () => {
  test.each([
    [0, []],
    [1, []],
    [300_000, [0, 1, 65_536, 100_000]],
  ])('keeps %i bytes', async (size, sizes) => {
    const content = Buffer.from(noise(size));
    const file = await spool(reusing(content, sizes), directory);
    onTestFinished(() => file.handle.close());
    expect(file.size).toBe(size);
    const middle = { start: Math.floor(size / 2), end: size };
    const half = await bytesOf(readRange(file.handle, middle));
    expect(half.equals(content.subarray(middle.start))).toBe(true);
    const whole = await bytesOf(readRange(file.handle, { start: 0, end: size }));
    expect(whole.equals(content)).toBe(true);
  });

  test('leaves nothing behind', async () => {
    const { handle } = await spool(reusing(Buffer.from('text')), directory);
    expect(await readdir(directory)).toEqual([]);
    expect((await handle.stat()).mode & 0o777).toBe(0o600);
    expect(await openFiles(directory)).toHaveLength(1);
    await handle.close();
    expect(await openFiles(directory)).toEqual([]);
  });

  test('fails as the stream does', async () => {
    const failure = new Error('broken');
    const { stream } = watched([Buffer.from('text')], failure);
    await expect(spool(stream, directory)).rejects.toBe(failure);
    expect(await readdir(directory)).toEqual([]);
    expect(await openFiles(directory)).toEqual([]);
  });

  test('does not begin a stream that it cannot keep', async () => {
    const { stream, taken } = watched([Buffer.from('text')]);
    await expect(spool(stream, join(directory, 'missing'))).rejects.toMatchObject({
      code: 'FILE_UNWRITABLE',
      message: `writing a temporary file in ${directory}/missing: no such file or directory`,
      origin: 'config',
      hint: expect.any(String),
    });
    expect(taken()).toBe(0);
  });
});
