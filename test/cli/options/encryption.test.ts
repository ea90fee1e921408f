import { describe, expect, test } from 'vitest';
import { parseEncryptionOptions } from '../../../src/cli/options/encryption.ts';
import { digestOf } from '../../../src/image/digest.ts';
import { record } from '../recording.ts';

async function parse(...flags: readonly string[]) {
  const { pushes } = await record('push', ...flags, 'a', 'b');
  return pushes.map((invocation) => parseEncryptionOptions(invocation.flags))[0];
}

describe('parseEncryptionOptions', () => {
  test.each<[flags: readonly string[], wish: object | undefined]>([
    [[], undefined],
    [
      ['--encryption-key=jwe:a,b', '--encryption-key=pgp:c'],
      {
        recipients: [
          { protocol: 'jwe', file: 'a,b' },
          { protocol: 'pgp', name: 'c' },
        ],
        layers: [],
      },
    ],
    [
      ['--encryption-key=pkcs7:a', '--encrypt-layer=-1,+2', '--encrypt-layer=07'],
      { recipients: [{ protocol: 'pkcs7', file: 'a' }], layers: [-1, 2, 7] },
    ],
  ])('%j', async (flags, wish) => {
    expect(await parse(...flags)).toEqual(wish);
  });

  test.each<[flags: readonly string[], message: string]>([
    [['--encrypt-layer=0'], '--encrypt-layer can only be used with --encryption-key'],
    [
      ['--encryption-key=jwe:a', '--encrypt-layer=x'],
      'invalid argument "x" for "--encrypt-layer" flag: strconv.Atoi: parsing "x": invalid syntax',
    ],
    [
      ['--encryption-key=jwe:a', '--encrypt-layer=0x1'],
      'invalid argument "0x1" for "--encrypt-layer" flag: strconv.Atoi: parsing "0x1": invalid syntax',
    ],
    [
      ['--encryption-key=jwe:a', '--encrypt-layer='],
      'invalid argument "" for "--encrypt-layer" flag: strconv.Atoi: parsing "": invalid syntax',
    ],
    [
      ['--encryption-key=jwe:a', `--expect-digest=${digestOf(Buffer.from(''))}`],
      '--expect-digest may not be used with --encryption-key',
    ],
    [
      ['--encryption-key=a'],
      'unable to obtain encryption config: invalid encryption keys: Invalid recipient format',
    ],
  ])('%j is refused', async (flags, message) => {
    await expect(parse(...flags)).rejects.toMatchObject({ code: 'USAGE', message });
  });
});
