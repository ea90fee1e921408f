import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/image/digest.ts';
import type { Signature } from '../../../src/image/signature.ts';
import { claims } from '../../../src/signing/payload.ts';
import type { Signer } from '../../../src/signing/signer.ts';
import { createGpgSigner, type GpgSignerOptions } from '../../../src/signing/simple/gpg-signer.ts';
import { simpleClaim } from '../../../src/signing/simple/payload.ts';
import { makeGpgHome, type GpgHome } from '../../support/gpg-home.ts';
import { requirePeers } from '../../support/peers.ts';
import { temporaryDirectory } from '../../support/scratch.ts';
import { thrownBy } from '../../support/thrown.ts';

const BYTES = Buffer.from('{}');
const MANIFEST = { bytes: BYTES, digest: digestOf(BYTES) };
const IDENTITY = 'r.example/app:1';
const { signal } = new AbortController();
const CLOCK = { now: () => 0 };

const saying = (text: string) => async () => Buffer.from(text);

describe.runIf(requirePeers('gpg'))('gpg', () => {
  let home: GpgHome;
  let plain = '';
  let locked = '';

  beforeAll(async () => {
    home = await makeGpgHome();
    plain = home.makeKey('Plain <nopass@example.com>');
    locked = home.makeKey('Locked <pass@example.com>', 'secret');
    home.makeKey('Old <old@example.com>', '', 'until long ago');
    return () => home[Symbol.asyncDispose]();
  });

  beforeEach(() => home.forget());

  function signerFor(key: string, options: Partial<GpgSignerOptions> = {}): Signer {
    const { environment } = home;
    return createGpgSigner({ key, environment, creator: 'test', clock: CLOCK, ...options });
  }

  async function signWith(signer: Signer): Promise<Signature> {
    await signer.prepare(signal);
    return signer.sign(MANIFEST, IDENTITY, signal);
  }

  function bytesIn(signature: Signature): Uint8Array {
    if (signature.format !== 'simple-signing') throw new Error(signature.format);
    return signature.bytes;
  }

  /** The payload, and who signed it. */
  function verified(signature: Signature) {
    const output = home.run(['--status-fd=1', '--output=-', '--verify'], bytesIn(signature));
    const [, key] = /VALIDSIG .* ([0-9A-F]{40})$/m.exec(output.toString()) ?? [];
    const payload = home.run(['--decrypt'], bytesIn(signature));
    return { key, isClaim: claims(payload, simpleClaim(MANIFEST.digest, IDENTITY)) };
  }

  test.each([
    ['a fingerprint', () => plain],
    ['a long ID', () => `0x${plain.slice(-16)}`],
    ['a whole address', () => '<nopass@example.com>'],
    ['a whole user ID', () => '=Plain <nopass@example.com>'],
    ['a part of it', () => 'Plain'],
  ])('signs with the key of %s', async (_, key) => {
    const signature = await signWith(signerFor(key()));
    expect(verified(signature)).toEqual({ key: plain, isClaim: true });
  });

  test.each<[what: string, options: Partial<GpgSignerOptions>]>([
    ['known', { passphrase: saying('secret') }],
    ['asked for where no pinentry can', { ask: saying('secret') }],
  ])('signs with a passphrase that is %s', async (_, options) => {
    const signature = await signWith(signerFor(locked, options));
    expect(verified(signature)).toEqual({ key: locked, isClaim: true });
  });

  test('signs in binary, whatever the configuration of the user says', async () => {
    await writeFile(join(home.path, 'gpg.conf'), 'armor\ntextmode\n');
    const signature = await signWith(signerFor(plain));
    await writeFile(join(home.path, 'gpg.conf'), '');
    expect(bytesIn(signature)[0]).toBe(0xa3); // compressed: no text
    expect(verified(signature)).toEqual({ key: plain, isClaim: true });
  });

  test.each<[key: string, message: string, options: Partial<GpgSignerOptions>]>([
    ['pass@example.com', 'Ambiguous name', {}],
    ['nobody@example.com', 'key "nobody@example.com" not found', {}],
    ['--version', 'key "--version" not found', {}],
    ['old@example.com', 'Unusable secret key', {}],
    ['Locked', 'Bad passphrase', { passphrase: saying('wrong') }],
    ['Locked', 'Bad passphrase', { ask: saying('wrong') }],
    ['Locked', '', { passphrase: saying('') }], // none, as in the reference
    ['Locked', '', {}],
    ['Locked', 'must not contain a line break', { passphrase: saying('sec\nret') }],
  ])('%s: %s, %o', async (key, message, options) => {
    expect(await thrownBy(signerFor(key, options).prepare(signal))).toMatchObject({
      code: 'KEY_INVALID',
      origin: 'config',
      message: expect.stringMatching(new RegExp(`^creating signature: .*${message}`)) as string,
    });
  });

  test('says what to do where it is missing', async () => {
    const bin = await temporaryDirectory();
    await mkdir(join(bin, 'nothing'));
    const signer = signerFor(plain, { environment: { PATH: bin } });
    expect(await thrownBy(signer.prepare(signal))).toMatchObject({
      code: 'UNSUPPORTED',
      hint: expect.stringContaining('--sign-by ./key.asc') as string,
    });
  });

  test('ends with the push', async () => {
    const aborted = AbortSignal.abort(new Error('enough'));
    await expect(signerFor(plain).prepare(aborted)).rejects.toThrow('enough');
  });

  test('knows its own signatures from those of others', async () => {
    const signer = signerFor(plain);
    const own = await signWith(signer);
    const other = await signWith(signerFor(locked, { passphrase: saying('secret') }));
    const nobody: Signature = { format: 'simple-signing', bytes: Buffer.from('nothing') };
    const sigstore = {
      format: 'sigstore',
      mediaType: 'a',
      payload: BYTES,
      annotations: {},
    } as const;
    const known = async (signature: Signature, digest = MANIFEST.digest, identity = IDENTITY) =>
      signer.recognizes?.(signature, digest, identity, signal);
    expect(await known(own)).toBe(true);
    expect(await known(own, digestOf(Buffer.from('x')))).toBe(false);
    expect(await known(own, MANIFEST.digest, 'r.example/app:2')).toBe(false);
    expect(await known(other)).toBe(false);
    expect(await known(nobody)).toBe(false);
    expect(await known(sigstore)).toBe(false);
    const damaged = Uint8Array.from(bytesIn(own));
    damaged[damaged.length - 3] = (damaged.at(-3) ?? 0) ^ 1;
    expect(await known({ format: 'simple-signing', bytes: damaged })).toBe(false);
  });
});
