/** A script stands in for sq, which few machines have; its answers are those of sq 1.3.1. */
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/image/digest.ts';
import { systemClock } from '../../../src/io/retry-clock.ts';
import { createSqSigner } from '../../../src/signing/simple/sq-signer.ts';
import { temporaryDirectory } from '../../support/scratch.ts';
import { thrownBy } from '../../support/thrown.ts';

const BYTES = Buffer.from('{}');
const MANIFEST = { bytes: BYTES, digest: digestOf(BYTES) };
const { signal } = new AbortController();
const FINGERPRINT = '9F34A65A50C9BA77870833AABBA5B0D6E6D3EB84';

const PASSWORD = ['--password-file', '/dev/fd/4'];
const SIGN = ['sign', '--binary', '--message', '--mode', 'binary', '--signer', FINGERPRINT, '-'];
const VERIFY = ['verify', '--message', '--signer', FINGERPRINT, '--output', '-', '-'];

/** sq that writes down its arguments, and then does as the script says. */
async function signerWith(script: string, passphrase?: string) {
  const directory = await temporaryDirectory();
  await writeFile(
    join(directory, 'sq'),
    `#!/bin/sh\nprintf '%s\\n' "$@" > ${directory}/arguments\n${script}\n`,
  );
  await chmod(join(directory, 'sq'), 0o755);
  const signer = createSqSigner({
    fingerprint: FINGERPRINT,
    passphrase: passphrase === undefined ? undefined : async () => Buffer.from(passphrase),
    environment: { PATH: `${directory}${delimiter}${process.env['PATH']}` },
    creator: 'test',
    clock: systemClock,
  });
  const args = async (): Promise<readonly string[]> =>
    (await readFile(join(directory, 'arguments'), 'utf8')).trim().split('\n');
  return { signer, args };
}

test('signs a payload', async () => {
  const { signer, args } = await signerWith('printf signed:; cat');
  await signer.prepare(signal);
  const signature = await signer.sign(MANIFEST, 'r.example/app:1', signal);
  expect(await args()).toEqual(['--batch', ...SIGN]);
  if (signature.format !== 'simple-signing') throw new Error(signature.format);
  expect(String(signature.bytes)).toMatch(/^signed:\{"critical":.*r\.example\/app:1.*\}$/);
});

test('gives the passphrase through a pipe', async () => {
  const { signer, args } = await signerWith('cat /dev/fd/4; cat', 'secret');
  const signature = await signer.sign(MANIFEST, 'r.example/app:1', signal);
  if (signature.format !== 'simple-signing') throw new Error(signature.format);
  expect(String(signature.bytes)).toMatch(/^secret\{"critical"/);
  expect(await args()).toEqual(['--batch', ...PASSWORD, ...SIGN]);
});

describe('recognizes', () => {
  const recognized = async (script: string): Promise<unknown> => {
    const maker = await signerWith('cat');
    const signature = await maker.signer.sign(MANIFEST, 'r.example/app:1', signal);
    const { signer, args } = await signerWith(script);
    const known = await signer.recognizes?.(signature, MANIFEST.digest, 'r.example/app:1', signal);
    expect(await args()).toEqual(['--batch', ...VERIFY]);
    return known;
  };

  test('what sq verifies, and no more', async () => {
    expect(await recognized('cat')).toBe(true);
    expect(await recognized('cat; exit 1')).toBe(false);
    expect(await recognized('echo other')).toBe(false);
  });
});

test.each([
  ['because: F was not found', 'Error: Failed to resolve --signer F\n\n  because: F was not found'],
  ['Failed to resolve certificates', '  Error: Failed to resolve certificates\n   0: <unknown>'],
  ['sq failed: exit status 1', ''],
])('says why it cannot sign: %s', async (message, complaint) => {
  const { signer } = await signerWith(`printf '%s\\n' '${complaint}' >&2; exit 1`);
  expect(await thrownBy(signer.prepare(signal))).toMatchObject({
    code: 'KEY_INVALID',
    origin: 'config',
    message: `creating signature: ${message.replace('because: ', '')}`,
  });
});

test('says what to do where there is no sq', async () => {
  const signer = createSqSigner({
    fingerprint: FINGERPRINT,
    environment: { PATH: '/nonexistent' },
    creator: 'test',
    clock: systemClock,
  });
  expect(await thrownBy(signer.prepare(signal))).toMatchObject({
    code: 'UNSUPPORTED',
    message: 'creating signature: exec: "sq": executable file not found in $PATH',
    hint: expect.stringContaining('install sq') as string,
  });
});
