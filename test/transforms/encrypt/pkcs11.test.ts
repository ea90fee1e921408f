import { constants, privateDecrypt } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { openPkcs11Wrapper } from '../../../src/transforms/encrypt/pkcs11.ts';
import { parseRecipient, type RecipientOf } from '../../../src/transforms/encrypt/recipient.ts';
import { curvePair, rsaPair } from '../../support/key-pairs.ts';
import { parseTokenKey } from '../../../src/transforms/encrypt/token-key.ts';
import { temporaryDirectory } from '../../support/scratch.ts';
import { keyContext, writeProgram } from './key-context.ts';

const PAYLOAD = Buffer.alloc(193, 'private options');
const LONG = rsaPair(3072);
const SHORT = rsaPair();
const EC_PEM = curvePair('P-256').publicKey.export({ format: 'pem', type: 'spki' }).toString();
const PEM = LONG.publicKey.export({ format: 'pem', type: 'spki' }).toString();

function recipient(text: string): RecipientOf<'pkcs11'> {
  return parseRecipient(`pkcs11:${text}`) as RecipientOf<'pkcs11'>;
}

async function fileOf(content: string): Promise<string> {
  const path = join(await temporaryDirectory(), 'key');
  await writeFile(path, content);
  return path;
}

function opened(wrapped: Uint8Array, privateKey = LONG.privateKey): readonly string[] {
  const { version, recipients } = JSON.parse(Buffer.from(wrapped).toString()) as {
    version: number;
    recipients: { version: number; blob: string; hash: string }[];
  };
  expect(version).toBe(0);
  return recipients.map(({ version: each, blob, hash }) => {
    expect(each).toBe(0);
    const options = { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash };
    expect(privateDecrypt(options, Buffer.from(blob, 'base64'))).toEqual(PAYLOAD);
    return hash;
  });
}

describe('for a key in a file', () => {
  test('the payload itself is encrypted', async () => {
    const file = await fileOf(PEM);
    const { annotation, wrap } = await openPkcs11Wrapper([recipient(file)], keyContext());
    expect(annotation).toBe('org.opencontainers.image.enc.keys.pkcs11');
    expect(opened(await wrap(PAYLOAD))).toEqual(['sha256']);
  });

  test('a short one does with SHA-1', async () => {
    const file = await fileOf(SHORT.publicKey.export({ format: 'pem', type: 'spki' }).toString());
    const context = keyContext('/nonexistent', { OCICRYPT_OAEP_HASHALG: 'sha1' });
    const { wrap } = await openPkcs11Wrapper([recipient(file)], context);
    expect(opened(await wrap(PAYLOAD), SHORT.privateKey)).toEqual(['sha1']);
  });

  test('a short one does not with SHA-256', async () => {
    const file = await fileOf(SHORT.publicKey.export({ format: 'pem', type: 'spki' }).toString());
    const { wrap } = await openPkcs11Wrapper([recipient(file)], keyContext());
    await expect(wrap(PAYLOAD)).rejects.toMatchObject({
      code: 'KEY_INVALID',
      message: 'an RSA key of 2048 bits is too short for PKCS #11 with sha256',
    });
  });

  test.each<[content: string, reason: string]>([
    [EC_PEM, 'Unsupported key object type'],
    ['text', 'File provided is not a public key'],
    ['pkcs11: {uri: [', 'is not in YAML'],
    ['pkcs11: none', 'File provided is not a public key'],
    ['', 'is empty'],
  ])('%#: %s is refused', async (content, reason) => {
    const file = await fileOf(content);
    await expect(openPkcs11Wrapper([recipient(file)], keyContext())).rejects.toMatchObject({
      code: 'KEY_INVALID',
      message: expect.stringContaining(reason) as string,
    });
  });

  test('another hash is refused', async () => {
    const context = keyContext('/nonexistent', { OCICRYPT_OAEP_HASHALG: 'md5' });
    await expect(openPkcs11Wrapper([recipient('key')], context)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: "Unsupported OAEP hash 'md5'",
    });
  });
});

describe('for a key in a token', () => {
  /** A p11tool that writes down what it is asked and gives this. */
  async function tool(...lines: readonly string[]) {
    const directory = await temporaryDirectory();
    const asked = join(directory, 'asked');
    await writeProgram(
      directory,
      'p11tool',
      `printf '%s\\n' "$@" "$MODULE_CONF" >${asked}`,
      ...lines,
    );
    return { context: keyContext(directory), asked: () => readFile(asked, 'utf8') };
  }

  test.each<[recipient: string, asked: readonly string[]]>([
    ['pkcs11:token=a;object=b', ['--batch', '--export', 'pkcs11:token=a;object=b;type=public', '']],
    [
      'pkcs11:token=a;type=private;id=%01?module-path=/lib/m.so&pin-value=1234',
      ['--batch', '--provider=/lib/m.so', '--export', 'pkcs11:token=a;id=%01;type=public', ''],
    ],
  ])('%s is asked for without its PIN', async (uri, words) => {
    const { context, asked } = await tool(`cat <<'END'`, PEM, 'END');
    const { wrap } = await openPkcs11Wrapper([recipient(uri)], context);
    expect(opened(await wrap(PAYLOAD))).toEqual(['sha256']);
    expect(await asked()).toBe(`${words.join('\n')}\n`);
  });

  test('a file of ocicrypt says where it is', async () => {
    const { context, asked } = await tool(`cat <<'END'`, PEM, 'END');
    const file = await fileOf(
      'pkcs11:\n  uri: pkcs11:token=a;object=b?module-path=/m.so\nmodule:\n  env:\n    MODULE_CONF: /conf\n    OTHER: {toString: 1}\n',
    );
    const { wrap } = await openPkcs11Wrapper([recipient(file)], context);
    expect(opened(await wrap(PAYLOAD))).toEqual(['sha256']);
    expect(await asked()).toContain('pkcs11:token=a;object=b;type=public\n/conf\n');
  });

  test.each<[lines: readonly string[], reason: string]>([
    [['echo gone >&2', 'exit 1'], 'no public key at pkcs11:token=a: gone'],
    [['exit 0'], 'no public key at pkcs11:token=a: nothing'],
    [['echo text'], 'File provided is not a public key: pkcs11:token=a'],
    [
      [`cat <<'END'`, EC_PEM, 'END'],
      'Unsupported key object type for pkcs11 public key: pkcs11:token=a is ec',
    ],
  ])('%# is no key, and the PIN in none of the texts', async (lines, reason) => {
    const { context } = await tool(...lines);
    await expect(
      openPkcs11Wrapper([recipient('pkcs11:token=a;pin-value=1234?pin-value=1234')], context),
    ).rejects.toMatchObject({ code: 'KEY_INVALID', message: reason });
  });

  test('without the tool says what to install', async () => {
    const context = keyContext('/nonexistent', { PATH: '/nonexistent' });
    await expect(openPkcs11Wrapper([recipient('pkcs11:token=a')], context)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'reading a PKCS #11 token: exec: "p11tool": executable file not found in $PATH',
    });
  });
});

test('nothing of a file with a PIN is shown, be it strange', () => {
  const warned = vi.spyOn(process, 'emitWarning').mockReturnValue(undefined);
  parseTokenKey(Buffer.from('pkcs11:\n  !uri: pkcs11:token=a?pin-value=1234\n'), 'x');
  expect(warned).not.toHaveBeenCalled();
  warned.mockRestore();
});
