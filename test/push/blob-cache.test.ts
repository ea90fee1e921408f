import { appendFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import { NO_CACHE, openBlobCache } from '../../src/push/blob-cache.ts';
import { temporaryDirectory, withoutPermission } from '../support/scratch.ts';

const SOURCE = digestOf(Buffer.from('plain'));
const OTHER = digestOf(Buffer.from('other'));
const RESULT = { digest: digestOf(Buffer.from('small')), size: 5 };
const NEWER = { digest: digestOf(Buffer.from('smaller')), size: 7 };
const FILE = 'recoded.jsonl';

function lineOf(fields: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({ source: SOURCE, codec: 'c', ...RESULT, ...fields });
}

describe('a cache', () => {
  test('remembers for itself and for later', async () => {
    const directory = join(await temporaryDirectory(), 'not/yet/there');
    const cache = await openBlobCache(directory);
    expect(cache.recoded(SOURCE, 'c')).toBeUndefined();
    await cache.remember(SOURCE, 'c', RESULT);
    for (const one of [cache, await openBlobCache(directory)]) {
      expect(one.recoded(SOURCE, 'c')).toEqual(RESULT);
      expect(one.recoded(SOURCE, 'd')).toBeUndefined();
      expect(one.recoded(OTHER, 'c')).toBeUndefined();
    }
  });

  test('is for its user alone', async () => {
    const directory = join(await temporaryDirectory(), 'cache');
    await (await openBlobCache(directory)).remember(SOURCE, 'c', RESULT);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect((await stat(join(directory, FILE))).mode & 0o777).toBe(0o600);
  });

  test('takes the last word, and writes nothing twice', async () => {
    const directory = await temporaryDirectory();
    const cache = await openBlobCache(directory);
    for (const result of [RESULT, RESULT, NEWER, NEWER]) await cache.remember(SOURCE, 'c', result);
    expect(cache.recoded(SOURCE, 'c')).toEqual(NEWER);
    expect((await openBlobCache(directory)).recoded(SOURCE, 'c')).toEqual(NEWER);
    const lines = (await readFile(join(directory, FILE), 'utf8')).split('\n').filter(Boolean);
    expect(lines).toEqual([lineOf(), lineOf(NEWER)]);
  });

  test.each<[what: string, wrong: Readonly<Record<string, unknown>>]>([
    ['size', { size: 99 }],
    ['annotations', { annotations: { a: 'wrong' } }],
  ])('is put right about the %s of what was made again', async (_, wrong) => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, FILE), `${lineOf(wrong)}\n`);
    const cache = await openBlobCache(directory);
    await cache.remember(SOURCE, 'c', RESULT);
    expect(cache.recoded(SOURCE, 'c')).toEqual(RESULT);
    expect((await openBlobCache(directory)).recoded(SOURCE, 'c')).toEqual(RESULT);
  });

  test('keeps of a result what it needs', async () => {
    const directory = await temporaryDirectory();
    const cache = await openBlobCache(directory);
    const stored = { ...RESULT, how: 'uploaded' };
    await cache.remember(SOURCE, 'c', stored);
    expect(cache.recoded(SOURCE, 'c')).toEqual(RESULT);
  });

  test('is written by many at once', async () => {
    const directory = await temporaryDirectory();
    const caches = await Promise.all(Array.from({ length: 4 }, () => openBlobCache(directory)));
    const codecs = Array.from({ length: 50 }, (_, index) => `codec ${index}`);
    await Promise.all(
      caches.flatMap((cache) => codecs.map((codec) => cache.remember(SOURCE, codec, RESULT))),
    );
    const later = await openBlobCache(directory);
    for (const codec of codecs) expect(later.recoded(SOURCE, codec)).toEqual(RESULT);
  });

  test.each<[what: string, line: string]>([
    ['text', 'not JSON'],
    ['a line cut off', lineOf({ codec: 'x' }).slice(0, 40)],
    ['no object', '[1]'],
    ['nothing', 'null'],
    ['no digest', lineOf({ digest: undefined })],
    ['a bad digest', lineOf({ digest: 'sha256:12' })],
    ['an unknown algorithm', lineOf({ digest: `md5:${'0'.repeat(32)}` })],
    ['a digest without a text', lineOf({ digest: { toString: 1 } })],
    ['a bad source', lineOf({ source: 'x' })],
    ['a negative size', lineOf({ size: -1 })],
    ['a broken size', lineOf({ size: 1.5 })],
    ['a size in words', lineOf({ size: '5' })],
    ['no codec', lineOf({ codec: 7 })],
    ['annotations that are none', lineOf({ annotations: ['a'] })],
    ['annotations that are no text', lineOf({ annotations: { a: 1 } })],
  ])('overlooks %s', async (_, line) => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, FILE), `${line}\n${lineOf({ codec: 'good' })}\n`);
    const cache = await openBlobCache(directory);
    expect(cache.recoded(SOURCE, 'good')).toEqual(RESULT);
    expect(cache.recoded(SOURCE, 'c')).toBeUndefined();
    expect(cache.recoded(SOURCE, 'x')).toBeUndefined();
  });

  test('goes on after a line that a full disk has cut off', async () => {
    const directory = await temporaryDirectory();
    await appendFile(join(directory, FILE), lineOf({ codec: 'x' }).slice(0, 40));
    await (await openBlobCache(directory)).remember(SOURCE, 'c', RESULT);
    expect((await openBlobCache(directory)).recoded(SOURCE, 'c')).toEqual(RESULT);
  });

  test('is begun anew when it has grown too large', async () => {
    const directory = await temporaryDirectory();
    const line = `${lineOf()}\n`;
    await writeFile(
      join(directory, FILE),
      line.repeat(Math.ceil((8 * 1024 * 1024) / line.length) + 1),
    );
    const cache = await openBlobCache(directory);
    expect(cache.recoded(SOURCE, 'c')).toBeUndefined();
    await cache.remember(SOURCE, 'd', RESULT);
    const later = await openBlobCache(directory);
    expect([later.recoded(SOURCE, 'c'), later.recoded(SOURCE, 'd')]).toEqual([undefined, RESULT]);
  });
});

describe('a cache that cannot be kept', () => {
  const places: readonly (readonly [what: string, prepare: (parent: string) => Promise<string>])[] =
    [
      ['below a file', async () => '/dev/null/cache'],
      [
        'where its file is a directory',
        async (parent) => {
          await mkdir(join(parent, FILE));
          return parent;
        },
      ],
    ];

  test.each(places)('%s, is an empty one that works for the moment', async (_, prepare) => {
    const directory = await prepare(await temporaryDirectory());
    const cache = await openBlobCache(directory);
    expect(cache.recoded(SOURCE, 'c')).toBeUndefined();
    await expect(cache.remember(SOURCE, 'c', RESULT)).resolves.toBeUndefined();
    expect(cache.recoded(SOURCE, 'c')).toEqual(RESULT);
  });

  test('in a directory that may not be entered, too', async () => {
    const directory = await temporaryDirectory();
    await withoutPermission(directory, async () => {
      const cache = await openBlobCache(join(directory, 'cache'));
      await cache.remember(SOURCE, 'c', RESULT);
      expect(cache.recoded(SOURCE, 'c')).toEqual(RESULT);
    });
    expect((await openBlobCache(join(directory, 'cache'))).recoded(SOURCE, 'c')).toBeUndefined();
  });

  test('on purpose remembers nothing', async () => {
    await NO_CACHE.remember(SOURCE, 'c', RESULT);
    expect(NO_CACHE.recoded(SOURCE, 'c')).toBeUndefined();
  });
});
