import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decrypt, enums, generateKey, PacketList, readMessage, type PrivateKey } from 'openpgp';
import { beforeAll, describe, expect, test } from 'vitest';
import { openPgpWrapper } from '../../../src/transforms/encrypt/pgp.ts';
import { parseRecipient, type RecipientOf } from '../../../src/transforms/encrypt/recipient.ts';
import { temporaryDirectory } from '../../support/scratch.ts';
import { keyContext, writeProgram } from './key-context.ts';

const PAYLOAD = Buffer.from('{"symkey":"secret"}');

interface UserID {
  readonly name: string;
  readonly email?: string;
  readonly comment?: string;
}

async function keyOf(userID: UserID, more: object = {}): Promise<PrivateKey> {
  const made = await generateKey({
    type: 'rsa',
    rsaBits: 2048,
    userIDs: [userID],
    format: 'object',
    ...more,
  });
  return made.privateKey;
}

let alice: PrivateKey;
let namesake: PrivateKey;
let expired: PrivateKey;
let curved: PrivateKey;
let unnamed: PrivateKey;

beforeAll(async () => {
  alice = await keyOf({ name: 'Alice Example', email: 'alice@example.org', comment: 'work' });
  namesake = await keyOf({ name: 'Malice', email: 'malice@example.org' });
  expired = await keyOf(
    { name: 'Old', email: 'alice@example.org' },
    { date: new Date('2020-01-01'), keyExpirationTime: 3600 },
  );
  curved = await keyOf({ name: 'Curve', email: 'curve@example.org' }, { type: 'curve25519' });
  unnamed = await keyOf({ name: 'Carol' });
});

/** A ring with these keys, all of which its gpg gives whatever it is asked for. */
async function ringOf(...keys: readonly PrivateKey[]) {
  const directory = await temporaryDirectory();
  const bytes = keys.map((key) => key.toPublic().write());
  await writeFile(join(directory, 'ring'), Buffer.concat(bytes));
  const [asked, ring] = [join(directory, 'asked'), join(directory, 'ring')];
  await writeProgram(directory, 'gpg', `printf '%s\\n' "$@" >${asked}`, `cat ${ring}`);
  return { context: keyContext(directory), asked };
}

function recipient(text: string): RecipientOf<'pgp'> {
  return parseRecipient(`pgp:${text}`) as RecipientOf<'pgp'>;
}

async function opened(bytes: Uint8Array, key: PrivateKey): Promise<Buffer> {
  const message = await readMessage({ binaryMessage: bytes });
  const { data } = await decrypt({ message, decryptionKeys: key, format: 'binary' });
  return Buffer.from(data as Uint8Array);
}

describe('in the keyring', () => {
  test.each([
    ['an address', () => 'alice@example.org'],
    ['a name without its comment', () => 'Alice Example'],
    ['a whole user ID', () => 'Alice Example (work) <alice@example.org>'],
    ['an address in brackets', () => '<alice@example.org>'],
    ['a fingerprint', () => alice.getFingerprint()],
    [
      'a fingerprint as gpg prints it',
      () =>
        alice
          .getFingerprint()
          .toUpperCase()
          .replaceAll(/(.{4})/g, '$1 ')
          .trim(),
    ],
    ['the fingerprint of a subkey', () => alice.getSubkeys()[0]?.getFingerprint() ?? ''],
    ['a key ID', () => `0x${alice.getKeyID().toHex()}`],
  ])('%s finds its key, and no other', async (_, name) => {
    const { context, asked } = await ringOf(namesake, unnamed, alice);
    const { annotation, wrap } = await openPgpWrapper([recipient(name())], context);
    expect(annotation).toBe('org.opencontainers.image.enc.keys.pgp');
    const message = await wrap(PAYLOAD);
    expect(await opened(message, alice)).toEqual(PAYLOAD);
    await expect(opened(message, namesake)).rejects.toThrow('decrypt');
    expect(await readFile(asked, 'utf8')).toBe(`--batch\n--export\n--\n${name()}\n`);
    expect(context.warnings).toEqual([]);
  });

  test('of several keys with one address those are used that can be', async () => {
    const { context } = await ringOf(expired, alice);
    const { wrap } = await openPgpWrapper([recipient('alice@example.org')], context);
    const { packets } = await readMessage({ binaryMessage: await wrap(PAYLOAD) });
    expect(packets.filterByTag(enums.packet.publicKeyEncryptedSessionKey)).toHaveLength(1);
  });

  test('each of several recipients opens the message, and one that is named twice is in it once', async () => {
    const { context } = await ringOf(alice, namesake);
    const names = ['alice@example.org', 'malice@example.org', 'Alice Example'].map(recipient);
    const { wrap } = await openPgpWrapper(names, context);
    const message = await wrap(PAYLOAD);
    for (const key of [alice, namesake]) expect(await opened(message, key)).toEqual(PAYLOAD);
    const { packets } = await readMessage({ binaryMessage: message });
    expect(packets.map((packet) => (packet.constructor as { tag?: number }).tag)).toEqual([
      enums.packet.publicKeyEncryptedSessionKey,
      enums.packet.publicKeyEncryptedSessionKey,
      enums.packet.symEncryptedIntegrityProtectedData,
    ]);
    expect(packets).toBeInstanceOf(PacketList);
  });

  test('a key of a curve is taken with a warning', async () => {
    const { context } = await ringOf(curved);
    const { wrap } = await openPgpWrapper([recipient('curve@example.org')], context);
    expect(await opened(await wrap(PAYLOAD), curved)).toEqual(PAYLOAD);
    expect(context.warnings).toEqual([expect.stringContaining('is no RSA key') as string]);
  });

  test.each([
    ['Alice', 'PGP: No key found for the following recipients: Alice'],
    ['ALICE@example.org', 'No key found'],
    ['example.org', 'No key found'],
    ['DEADBEEF', 'No key found'],
  ])('%s finds none', async (name, reason) => {
    const { context } = await ringOf(alice, namesake);
    await expect(openPgpWrapper([recipient(name)], context)).rejects.toMatchObject({
      code: 'KEY_INVALID',
      message: expect.stringContaining(reason) as string,
    });
  });

  test('an expired key is refused, and one that cannot encrypt', async () => {
    const signing = await keyOf({ name: 'Sign', email: 'sign@example.org' }, { subkeys: [] });
    for (const [key, name, reason] of [
      [expired, 'alice@example.org', 'expired'],
      [signing, 'sign@example.org', 'encryption key'],
    ] as const) {
      const { context } = await ringOf(key);
      await expect(openPgpWrapper([recipient(name)], context)).rejects.toMatchObject({
        code: 'KEY_INVALID',
        message: expect.stringContaining(reason) as string,
      });
    }
  });
});

describe('gpg', () => {
  test('that is not there is named', async () => {
    const context = keyContext('/nonexistent', { PATH: '/nonexistent' });
    await expect(openPgpWrapper([recipient('a@b.c')], context)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'error from gpg: exec: "gpg": executable file not found in $PATH',
    });
  });

  test('that fails is quoted', async () => {
    const directory = await temporaryDirectory();
    await writeProgram(directory, 'gpg', 'echo one >&2', 'echo two >&2', 'exit 2');
    await expect(openPgpWrapper([recipient('a@b.c')], keyContext(directory))).rejects.toMatchObject(
      {
        code: 'CONFIG_INVALID',
        message: 'error from gpg: exit status 2: one; two',
      },
    );
  });
});

describe('in a file', () => {
  async function fileOf(content: string | Uint8Array): Promise<RecipientOf<'pgp'>> {
    const path = join(await temporaryDirectory(), 'key');
    await writeFile(path, content);
    return recipient(path);
  }

  test('all keys are meant, armored or not', async () => {
    const armored = await fileOf(alice.toPublic().armor());
    const binary = await fileOf(namesake.toPublic().write());
    const { wrap } = await openPgpWrapper([armored, binary], keyContext());
    const message = await wrap(PAYLOAD);
    for (const key of [alice, namesake]) expect(await opened(message, key)).toEqual(PAYLOAD);
  });

  test.each<[what: string, content: () => string | Uint8Array, reason: string]>([
    ['text', () => 'text', 'holds no PGP key'],
    ['broken armor', () => '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n', 'holds no PGP key'],
    ['nothing', () => '', 'is empty'],
    ['a private key', () => alice.armor(), 'holds a private key'],
    ['an expired key', () => expired.toPublic().armor(), 'expired'],
  ])('%s is refused', async (_, content, reason) => {
    await expect(openPgpWrapper([await fileOf(content())], keyContext())).rejects.toMatchObject({
      code: 'KEY_INVALID',
      message: expect.stringContaining(reason) as string,
    });
  });
});
