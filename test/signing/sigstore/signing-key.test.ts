import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { keyInFile, verifierOf } from '../../../src/signing/sigstore/signing-key.ts';
import { temporaryDirectory } from '../../support/scratch.ts';
import { PASSPHRASE, PUBLIC_KEY, SEALED_KEY } from './vectors.ts';

const signal = new AbortController().signal;

test('a key in a file is asked for once', async () => {
  const file = join(await temporaryDirectory(), 'cosign.key');
  await writeFile(file, SEALED_KEY);
  let asked = 0;
  const key = keyInFile(file, async () => {
    asked += 1;
    return PASSPHRASE;
  });
  expect([key.name, key.isOpen, asked]).toEqual([file, false, 0]);
  await key.check(signal);
  expect(key.isOpen).toBe(true);
  expect(verifierOf(await key.open(signal))).toBe(PUBLIC_KEY);
  await key.open(signal);
  expect(asked).toBe(1);
});

test('others verify with the certificate, where there is one', async () => {
  const file = join(await temporaryDirectory(), 'cosign.key');
  await writeFile(file, SEALED_KEY);
  const open = await keyInFile(file, async () => PASSPHRASE).open(signal);
  const certificate = { certificate: 'leaf', chain: 'root', validFrom: 0, validTo: 1 };
  expect(verifierOf({ ...open, certificate })).toBe('leaf');
});
