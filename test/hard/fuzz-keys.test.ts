/** Keys, certificates and who they are of, whatever is wrong with them. */
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type * as fc from 'fast-check';
import { parsePem } from '../../src/signing/sigstore/pem.ts';
import { readPrivateKey, signBytes } from '../../src/signing/sigstore/private-key.ts';
import { readLogKey } from '../../src/signing/sigstore/rekor.ts';
import { openSealedKey } from '../../src/signing/sigstore/sealed-key.ts';
import { createKeyFileSigner } from '../../src/signing/simple/key-file-signer.ts';
import { openKeyWrappers, wrapAll } from '../../src/transforms/encrypt/key-wrappers.ts';
import { parseRecipient, type Recipient } from '../../src/transforms/encrypt/recipient.ts';
import { parseTokenKey } from '../../src/transforms/encrypt/token-key.ts';
import { KEY_DER, PASSPHRASE, PUBLIC_KEY } from '../signing/sigstore/vectors.ts';
import { sharedDirectory } from '../support/scratch.ts';
import { keyContext, writeProgram } from '../transforms/encrypt/key-context.ts';
import { fuzzAll, lenient, refusing } from './fuzz.ts';
import { KEYS } from './key-vectors.ts';
import { json } from './json-mutations.ts';
import { bytes, textBytes, texts } from './mutations.ts';

const TOKEN_KEY =
  'pkcs11:\n  uri: "pkcs11:token=a;object=b?module-path=/m.so"\nmodule:\n  env: {A: b}\n';
const ANSWER = '{"keywrapresults":{"annotation":"AAAA"}}';

const directory = await sharedDirectory();
const file = join(directory, 'key');
const context = keyContext(directory, {
  OCICRYPT_KEYPROVIDER_CONFIG: join(directory, 'providers'),
});
const provider = await writeProgram(directory, 'provider', 'cat >/dev/null', `cat '${file}'`);
await writeFile(
  join(directory, 'providers'),
  JSON.stringify({ 'key-providers': { x: { cmd: { path: provider } } } }),
);

const rsa = createPublicKey(KEYS.rsaCertificate);
const der = (pem: string): Uint8Array => parsePem(pem)[0]?.content ?? new Uint8Array();
const jwk = JSON.stringify({ ...rsa.export({ format: 'jwk' }), alg: 'RSA-OAEP', kid: 'x' });

/** Has `read` find the input in a file. */
function inFile(inputs: fc.Arbitrary<Buffer>, read: () => Promise<unknown>) {
  const written = async (input: Buffer): Promise<void> => {
    await writeFile(file, input);
    await read();
  };
  return { inputs, read: written, refusals: ['KEY_INVALID'] as const };
}

async function wrapFor(recipient: Recipient): Promise<void> {
  const wrappers = await openKeyWrappers([recipient], context);
  const [wrapped] = Object.values(await wrapAll(wrappers, Buffer.from('{"symkey":"secret"}')));
  assert.ok(wrapped !== undefined && wrapped.length > 0);
}

const TEXTS = [
  refusing('recipient', {
    inputs: texts([
      'jwe:./key.pem',
      'pgp:me@a.b',
      'pkcs11:pkcs11:token=a',
      'provider:a:b',
      'pkcs7:c',
    ]),
    read: (text) => assert.ok(text.startsWith(`${parseRecipient(text).protocol}:`)),
    refusals: ['USAGE'],
  }),
  refusing('key in a token', {
    inputs: textBytes([TOKEN_KEY]),
    read: (input) => parseTokenKey(input, 'x'),
    refusals: ['KEY_INVALID'],
    examples: [Buffer.from('pkcs11: {uri: a}\nmodule: {env: {a: {toString: 1}, b: &c [*c]}}')],
  }),
  lenient('PEM', {
    inputs: texts([KEYS.key, KEYS.leaf + KEYS.root]),
    finds: (text) => parsePem(text).length > 0,
  }),
];

const PUBLIC_KEYS = [
  refusing(
    'key or certificate for JWE',
    inFile(textBytes([PUBLIC_KEY, KEYS.rsaCertificate, jwk]), () =>
      wrapFor({ protocol: 'jwe', file }),
    ),
  ),
  refusing(
    'the same in DER',
    inFile(bytes([PUBLIC_KEY, KEYS.rsaCertificate].map(der)), () =>
      wrapFor({ protocol: 'jwe', file }),
    ),
  ),
  refusing(
    'certificate for PKCS #7',
    inFile(bytes([der(KEYS.rsaCertificate), Buffer.from(KEYS.rsaCertificate)]), () =>
      wrapFor({ protocol: 'pkcs7', file }),
    ),
  ),
  refusing(
    'public key of Rekor',
    inFile(textBytes([KEYS.logKey]), () => readLogKey(file)),
  ),
];

const PRIVATE_KEYS = [
  refusing(
    'private key for sigstore',
    inFile(textBytes([KEYS.key]), async () => {
      const key = await readPrivateKey(file, async () => PASSPHRASE, context.signal);
      assert.ok(signBytes(key, PASSPHRASE).length > 0);
    }),
  ),
  refusing('private key for simple signing', {
    ...inFile(textBytes([KEYS.pgpPrivate]), () =>
      createKeyFileSigner({
        file,
        passphrase: async () => PASSPHRASE,
        creator: 'x',
        clock: { now: () => 0 },
      }).prepare(context.signal),
    ),
  }),
];

const PGP_KEYS = [
  refusing(
    'key for PGP',
    inFile(textBytes([KEYS.pgpRsa, KEYS.pgpCurve]), () => wrapFor({ protocol: 'pgp', file })),
  ),
];

const SLOW = [
  refusing('sealed key', {
    inputs: json([KEYS.sealed]),
    read: async (input) =>
      assert.deepEqual(Buffer.from(await openSealedKey(input, PASSPHRASE)), KEY_DER),
    refusals: ['KEY_INVALID'],
    examples: [Buffer.from(KEYS.sealed)],
  }),
  refusing('answer of a key provider', {
    inputs: json([ANSWER]),
    read: async (input) => {
      await writeFile(file, input);
      await wrapFor({ protocol: 'provider', name: 'x', parameter: 'y' });
    },
    refusals: ['CONFIG_INVALID', 'KEY_INVALID'],
    examples: [Buffer.from(ANSWER)],
  }),
];

fuzzAll('names and texts of keys', TEXTS, { suite: 300, night: 15_000 });
fuzzAll('public keys', PUBLIC_KEYS, { suite: 100, night: 3000 });
fuzzAll('private keys', PRIVATE_KEYS, { suite: 50, night: 2000 });
fuzzAll('PGP keys', PGP_KEYS, { suite: 20, night: 500 });
fuzzAll('sealed keys and key providers', SLOW, { suite: 8, night: 200 });
