import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateKey, readMessage, readPrivateKey, verify } from 'openpgp';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/image/digest.ts';
import type { Signature } from '../../../src/image/signature.ts';
import { claims } from '../../../src/signing/payload.ts';
import { createKeyFileSigner } from '../../../src/signing/simple/key-file-signer.ts';
import { simpleClaim } from '../../../src/signing/simple/payload.ts';
import { temporaryDirectory } from '../../support/scratch.ts';
import { thrownBy } from '../../support/thrown.ts';

const BYTES = Buffer.from('{}');
const MANIFEST = { bytes: BYTES, digest: digestOf(BYTES) };
const IDENTITY = 'r.example/app:1';
const { signal } = new AbortController();

const saying = (text: string) => async () => Buffer.from(text);

let armored = '';
let binary: Uint8Array = new Uint8Array();
let locked = '';
let expired = '';
let file = '';

beforeAll(async () => {
  const userIDs = [{ name: 'A', email: 'a@example.com' }];
  const plain = await generateKey({ userIDs, format: 'object' });
  armored = plain.privateKey.armor();
  binary = plain.privateKey.write();
  locked = (await generateKey({ userIDs, passphrase: 'secret' })).privateKey;
  const date = new Date(Date.now() - 10_000);
  expired = (await generateKey({ userIDs, date, keyExpirationTime: 1 })).privateKey;
});

beforeEach(async () => {
  file = join(await temporaryDirectory(), 'key');
});

async function signerFor(key: string | Uint8Array, passphrase = saying('unasked')) {
  await writeFile(file, key);
  return createKeyFileSigner({ file, passphrase, creator: 'test', clock: { now: () => 0 } });
}

describe('a key in a file signs', () => {
  test.each<[what: string, key: () => string | Uint8Array, passphrase?: string]>([
    ['armored', () => armored],
    ['binary', () => binary],
    ['with a passphrase', () => locked, 'secret'],
  ])('%s', async (_, key, passphrase) => {
    const signer = await signerFor(
      key(),
      passphrase === undefined ? undefined : saying(passphrase),
    );
    await signer.prepare(signal);
    const signature = await signer.sign(MANIFEST, IDENTITY, signal);
    if (signature.format !== 'simple-signing') throw new Error(signature.format);
    expect(signature.bytes[0]).toBe(0xc4); // one-pass signed, not armored
    const armoredKey = passphrase === undefined ? armored : locked;
    const { data, signatures } = await verify({
      message: await readMessage({ binaryMessage: signature.bytes }),
      verificationKeys: (await readPrivateKey({ armoredKey })).toPublic(),
      expectSigned: true,
      format: 'binary',
    });
    expect(signatures).toHaveLength(1);
    expect(claims(data, simpleClaim(MANIFEST.digest, IDENTITY))).toBe(true);
  });

  test('and knows its own', async () => {
    const signer = await signerFor(armored);
    const own = await signer.sign(MANIFEST, IDENTITY, signal);
    const known = async (signature: Signature, identity = IDENTITY) =>
      signer.recognizes?.(signature, MANIFEST.digest, identity, signal);
    expect(await known(own)).toBe(true);
    expect(await known(own, 'r.example/app:2')).toBe(false);
    expect(await known({ format: 'simple-signing', bytes: Buffer.from('a') })).toBe(false);
    const other = await signerFor(locked, saying('secret'));
    expect(await known(await other.sign(MANIFEST, IDENTITY, signal))).toBe(false);
  });
});

describe('a key in a file is refused', () => {
  test.each<[what: string, key: () => string | Uint8Array, message: string]>([
    ['with a wrong passphrase', () => locked, 'Bad passphrase'],
    ['that has expired', () => expired, 'expired'],
    ['that is none', () => 'no key', ''],
    ['that is one of two', () => Buffer.concat([binary, binary]), 'there must be one secret key'],
  ])('%s', async (_, key, message) => {
    const signer = await signerFor(key(), saying('wrong'));
    expect(await thrownBy(signer.prepare(signal))).toMatchObject({
      code: 'KEY_INVALID',
      origin: 'config',
      message: expect.stringContaining(message) as string,
    });
  });

  test('that is not there', async () => {
    const signer = await signerFor(armored);
    const missing = createKeyFileSigner({
      file: `${file}-missing`,
      passphrase: saying(''),
      creator: 'test',
      clock: { now: () => 0 },
    });
    await signer.prepare(signal);
    expect(await thrownBy(missing.prepare(signal))).toMatchObject({
      code: 'FILE_UNREADABLE',
      message: expect.stringContaining('no such file or directory') as string,
    });
  });
});
