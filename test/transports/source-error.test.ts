import { describe, expect, test } from 'vitest';
import { OcipushError } from '../../src/errors.ts';
import { digestOf } from '../../src/image/digest.ts';
import { namedBlob, partError, readEntrance } from '../../src/transports/source-error.ts';
import { bytesOf, firstOf, watched } from '../support/streams.ts';

const DIGEST = digestOf(Buffer.from('text'));
const absent = new OcipushError('FILE_NOT_FOUND', 'open /a: no such file or directory');
const denied = new OcipushError('FILE_UNREADABLE', 'open /a: permission denied', { hint: 'ask' });

describe('readEntrance', () => {
  test('gives what was read', async () => {
    expect(await readEntrance(() => Promise.resolve(1), 'hint')).toBe(1);
  });

  test('says that there is no image where there is no file', async () => {
    await expect(readEntrance(() => Promise.reject(absent), 'do')).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      message: absent.message,
      origin: 'source',
      hint: 'do',
    });
  });

  test.each([[denied], [new TypeError('bug')]])('leaves %s as it is', async (thrown) => {
    const read = (): Promise<never> => Promise.reject(thrown);
    await expect(readEntrance(read, 'do')).rejects.toBe(thrown);
  });
});

describe('partError', () => {
  test.each([
    [absent, 'BLOB_UNKNOWN', expect.any(String)],
    [denied, 'FILE_UNREADABLE', 'ask'],
    [new Error('read EIO'), 'FILE_UNREADABLE', undefined],
  ])('of %s', (error, code, hint) => {
    expect(partError(error, 'reading it')).toMatchObject({
      code,
      message: `reading it: ${error.message}`,
      origin: 'source',
      hint,
    });
  });
});

describe('namedBlob', () => {
  test('gives the bytes, and ends where they are left', async () => {
    const { stream, released } = watched([Buffer.from('a'), Buffer.from('b')]);
    await firstOf(namedBlob(DIGEST, () => stream));
    expect(released()).toBe(true);
    expect(await bytesOf(namedBlob(DIGEST, () => watched([Buffer.from('ab')]).stream))).toEqual(
      Buffer.from('ab'),
    );
  });

  test('names the blob in whatever goes wrong, sooner or later', async () => {
    const failures = [
      namedBlob(DIGEST, () => watched([Buffer.from('a')], absent).stream),
      namedBlob(DIGEST, () => {
        throw absent;
      }),
    ];
    for (const failing of failures) {
      await expect(bytesOf(failing)).rejects.toMatchObject({
        code: 'BLOB_UNKNOWN',
        message: `reading blob ${DIGEST}: ${absent.message}`,
      });
    }
  });
});
