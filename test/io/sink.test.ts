import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, test } from 'vitest';
import type { ByteStream } from '../../src/io/bytes.ts';
import { writeToDevice } from '../../src/io/sink.ts';
import { noise } from '../support/make-image.ts';
import { openFiles, temporaryDirectory } from '../support/scratch.ts';
import { reusing, watched } from '../support/streams.ts';

/** More than a pipe holds. */
const BYTES = noise(1_000_000);
const READ_NOW = constants.O_RDONLY | constants.O_NONBLOCK;

let directory = '';
let pipe = '';

beforeEach(async () => {
  directory = await temporaryDirectory();
  pipe = join(directory, 'pipe');
  await promisify(execFile)('mkfifo', [pipe]);
});

describe('writeToDevice', () => {
  test('writes all of a stream into a pipe, whose reader may come later', async () => {
    const writing = writeToDevice(pipe, reusing(BYTES, [1, 300_000]));
    const [read] = await Promise.all([readFile(pipe), writing]);
    expect(Buffer.compare(read, BYTES)).toBe(0);
    expect(await openFiles(directory)).toEqual([]);
  });

  test.each([['nobody reads'], ['the reader stands still']])('ends when %s', async (situation) => {
    const controller = new AbortController();
    const abort = (): unknown => setImmediate(() => controller.abort(new Error('enough')));
    const reader = situation === 'nobody reads' ? undefined : await open(pipe, READ_NOW);
    async function* stream(): ByteStream {
      abort();
      yield BYTES;
    }
    if (reader === undefined) abort();
    await expect(writeToDevice(pipe, stream(), controller.signal)).rejects.toThrow('enough');
    await reader?.close();
    expect(await openFiles(directory)).toEqual([]);
  });

  test('fails when the reader goes away', async () => {
    const reader = await open(pipe, READ_NOW);
    async function* stream(): ByteStream {
      yield Buffer.from('some');
      await reader.close();
      yield BYTES;
    }
    await expect(writeToDevice(pipe, stream())).rejects.toMatchObject({ code: 'EPIPE' });
    expect(await openFiles(directory)).toEqual([]);
  });

  test('fails with what the stream throws', async () => {
    await using reader = await open(pipe, READ_NOW);
    const failure = new Error('broken');
    await expect(writeToDevice(pipe, watched([], failure).stream)).rejects.toBe(failure);
    await reader.close();
    expect(await openFiles(directory)).toEqual([]);
  });
});
