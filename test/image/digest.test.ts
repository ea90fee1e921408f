/** Digests: what is one, how bytes get theirs, and streams that must have a certain one. */
import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { single } from '../../src/io/bytes.ts';
import {
  digestAlgorithm,
  digestHex,
  digestMismatch,
  digestOf,
  finishDigest,
  parseDigest,
  verified,
} from '../../src/image/digest.ts';

const HELLO = Buffer.from('hello');
const HELLO_SHA256 = 'sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';

describe('parseDigest', () => {
  test.each([
    [`sha256:${'0'.repeat(64)}`],
    [`sha384:${'a'.repeat(96)}`],
    [`sha512:${'f'.repeat(128)}`],
  ])('%s', (text) => {
    const digest = parseDigest(text);
    expect(`${digestAlgorithm(digest)}:${digestHex(digest)}`).toBe(text);
  });

  test.each([
    [''],
    [':'],
    ['sha256'],
    ['sha256:'],
    [`:${'0'.repeat(64)}`],
    ['0'.repeat(64)],
    [`sha256:${'0'.repeat(63)}`],
    [`sha256:${'0'.repeat(65)}`],
    [`sha256:${'A'.repeat(64)}`],
    [`sha256:${'g'.repeat(64)}`],
    [`sha256:${'0'.repeat(64)}\n`],
    [`sha256:${'0'.repeat(64)}:0`],
    [`sha512:${'0'.repeat(64)}`],
    [`SHA256:${'0'.repeat(64)}`],
    [`md5:${'0'.repeat(32)}`],
    ['__proto__:00'],
    ['constructor:00'],
    ['sha256:../../../../../../../../../../../../../../../../../../etc/passw'],
  ])('refuses %j', (text) => {
    expect(() => parseDigest(text)).toThrow(expect.objectContaining({ code: 'DIGEST_INVALID' }));
  });

  test('takes its own, refuses any other text', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.string(), (bytes, text) => {
        expect(parseDigest(digestOf(bytes))).toBe(digestOf(bytes));
        expect(() => parseDigest(text)).toThrow(
          expect.objectContaining({ code: 'DIGEST_INVALID' }),
        );
      }),
    );
  });
});

test('digestOf', () => {
  expect(digestOf(HELLO)).toBe(HELLO_SHA256);
  expect(digestOf(HELLO, 'sha512')).toMatch(/^sha512:9b71d224bd62f378/);
  expect(finishDigest(createHash('sha384').update(HELLO), 'sha384')).toMatch(/^sha384:59e1748777/);
});

describe('verified', () => {
  async function* inBytes(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
    for (const byte of bytes) yield Uint8Array.of(byte);
  }

  async function read(stream: AsyncIterable<Uint8Array>): Promise<string> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  }

  test.each([['sha256'], ['sha384'], ['sha512']])('passes %s content on', async (algorithm) => {
    const expected = { digest: digestOf(HELLO, algorithm), size: 5 };
    expect(await read(verified(inBytes(HELLO), expected))).toBe('hello');
    expect(await read(verified(single(HELLO), expected))).toBe('hello');
  });

  test.each([
    ['hellO', 5],
    ['hell', 5],
    ['hello!', 5],
    ['hello', 4],
    ['hello', 6],
    ['', 5],
  ])('%j is not what has %i bytes and another digest', async (text, size) => {
    const expected = { digest: parseDigest(HELLO_SHA256), size };
    await expect(read(verified(inBytes(Buffer.from(text)), expected))).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      origin: 'source',
    });
  });

  test('hands on no byte beyond the size', async () => {
    const seen: number[] = [];
    const stream = verified(inBytes(Buffer.from('hello!')), {
      digest: parseDigest(HELLO_SHA256),
      size: 5,
    });
    await expect(
      (async () => {
        for await (const chunk of stream) seen.push(...chunk);
      })(),
    ).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(Buffer.from(seen).toString()).toBe('hello');
  });
});

test('digestMismatch names both', () => {
  const other = digestOf(Buffer.from('x'));
  const { code, message } = digestMismatch(parseDigest(HELLO_SHA256), other);
  expect(code).toBe('DIGEST_MISMATCH');
  expect(message).toContain(HELLO_SHA256);
  expect(message).toContain(other);
});
