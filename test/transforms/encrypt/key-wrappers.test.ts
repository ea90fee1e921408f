import { X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openKeyWrappers } from '../../../src/transforms/encrypt/key-wrappers.ts';
import { rsaPair } from '../../support/key-pairs.ts';
import { temporaryDirectory } from '../../support/scratch.ts';
import { thrownBy } from '../../support/thrown.ts';
import { makeCertificate } from './certificates.ts';
import { keyContext } from './key-context.ts';

test('a key that can be read, but not encrypted with, is refused before anything is', async () => {
  const file = join(await temporaryDirectory(), 'key.jwk');
  const even = Buffer.alloc(256, 0xfe).toString('base64url');
  const jwk = { ...rsaPair().publicKey.export({ format: 'jwk' }), n: even };
  await writeFile(file, JSON.stringify(jwk));
  const error = await thrownBy(openKeyWrappers([{ protocol: 'jwe', file }], keyContext()));
  expect(error).toMatchObject({ code: 'KEY_INVALID', hint: expect.any(String) });
});

test.each(['pkcs7', 'jwe'] as const)(
  'nor is there a certificate for %s with a damaged key',
  async (protocol) => {
    const file = join(await temporaryDirectory(), 'certificate.der');
    const der = new X509Certificate(makeCertificate().pem).raw.toString('hex');
    await writeFile(file, Buffer.from(der.replace('3082010a0282', '1082010a0282'), 'hex'));
    const error = await thrownBy(openKeyWrappers([{ protocol, file }], keyContext()));
    expect(error).toMatchObject({ code: 'KEY_INVALID', hint: expect.any(String) });
  },
);
