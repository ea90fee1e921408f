import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  readParameterFile,
  type SigningParameters,
} from '../../../src/signing/sigstore/parameter-file.ts';
import { temporaryDirectory } from '../../support/scratch.ts';
import { thrownBy } from '../../support/thrown.ts';

async function read(text: string): Promise<SigningParameters> {
  const file = join(await temporaryDirectory(), 'param.yaml');
  await writeFile(file, text);
  return readParameterFile(file);
}

const FULCIO = 'fulcio:\n  fulcioURL: https://f.test/x\n';
const client = { issuer: new URL('https://id.test/auth'), clientID: 'me', clientSecret: '' };
const service = new URL('https://f.test/x');

describe('the parameter file', () => {
  test.each<readonly [text: string, parameters: SigningParameters]>([
    [
      'privateKeyFile: cosign.key',
      { key: { kind: 'file', file: 'cosign.key', passphraseFile: undefined }, rekor: undefined },
    ],
    [
      '# words\nprivateKeyFile: "/k"\nprivateKeyPassphraseFile: 007\nrekorURL: https://r.test\n',
      {
        key: { kind: 'file', file: '/k', passphraseFile: '007' },
        rekor: new URL('https://r.test'),
      },
    ],
    [
      'privateKeyFile: k\nfulcio:\nrekorURL:\n',
      { key: { kind: 'file', file: 'k', passphraseFile: undefined }, rekor: undefined },
    ],
    [
      `${FULCIO}  oidcMode: staticToken\n  oidcIDToken: a.b.c`,
      {
        key: { kind: 'fulcio', service, identity: { mode: 'staticToken', token: 'a.b.c' } },
        rekor: undefined,
      },
    ],
    [
      `${FULCIO}  oidcMode: deviceGrant\n  oidcIssuerURL: https://id.test/auth`,
      {
        key: {
          kind: 'fulcio',
          service,
          identity: { mode: 'deviceGrant', client: { ...client, clientID: 'sigstore' } },
        },
        rekor: undefined,
      },
    ],
    [
      `${FULCIO}  oidcMode: interactive\n  oidcIssuerURL: https://id.test/auth\n  oidcClientID: me\n  oidcClientSecret: s`,
      {
        key: {
          kind: 'fulcio',
          service,
          identity: { mode: 'interactive', client: { ...client, clientSecret: 's' } },
        },
        rekor: undefined,
      },
    ],
  ])('%j', async (text, parameters) => {
    expect(await read(text)).toEqual(parameters);
  });

  test.each<readonly [text: string, fault: string]>([
    ['', 'parsing: EOF'],
    ['# nothing\n', 'parsing: EOF'],
    ['bogus: 1', 'parsing: field bogus not found'],
    ['privateKeyFile: k\nbogus: secret', 'parsing: field bogus not found'],
    [`${FULCIO}  more: secret`, 'parsing: field fulcio.more not found'],
    ['privateKeyFile: [secret]', 'parsing: privateKeyFile is no text'],
    ['[secret]', 'the file: expected fields and values'],
    ['fulcio: secret', 'fulcio.: expected fields and values'],
    ['rekorURL: https://r.test', 'no private key source provided'],
    ['{}', 'no private key source provided'],
    [`privateKeyFile: k\n${FULCIO}`, 'multiple private key sources specified'],
    ['fulcio: {}', 'missing fulcioURL'],
    [FULCIO, 'missing oidcMode'],
    [`${FULCIO}  oidcMode: none`, 'unknown oidcMode value "none"'],
    [`${FULCIO}  oidcMode: staticToken`, 'missing oidcIDToken'],
    [`${FULCIO}  oidcMode: interactive`, 'missing oidcIssuerURL'],
    [`${FULCIO}  oidcMode: deviceGrant`, 'missing oidcIssuerURL'],
    ['privateKeyFile: k\nrekorURL: r.test', 'parsing rekorURL: expected an address'],
    ['privateKeyFile: k\nrekorURL: file:///secret', 'parsing rekorURL: expected an address'],
    ['privateKeyFile: k\nprivateKeyFile: secret', 'parsing: DUPLICATE_KEY at line 2, column 1'],
    ['privateKeyFile: "secret', 'parsing: MISSING_CHAR'],
    ['privateKeyFile: k\n---\nprivateKeyFile: secret', 'parsing: MULTIPLE_DOCS'],
    [
      `a: &a [${'x,'.repeat(99)}]\nb: &b [${'*a,'.repeat(99)}]\nc: [${'*b,'.repeat(99)}]`,
      'parsing: ',
    ],
  ])('is refused: %j', async (text, fault) => {
    const error = await thrownBy(read(text));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', origin: 'config' });
    expect(error.message).toMatch(/^setting up signing using parameter file "\S+param.yaml": /);
    expect(error.message).toContain(fault);
    expect(error.message).not.toContain('secret');
    expect(error.message).not.toContain('\n');
  });

  test('may be missing, or too large', async () => {
    const error = await thrownBy(readParameterFile('/nowhere/p'));
    expect(error).toMatchObject({
      code: 'FILE_NOT_FOUND',
      message:
        'setting up signing using parameter file "/nowhere/p": open /nowhere/p: no such file or directory',
    });
    expect(await thrownBy(read(`#${'x'.repeat(65_536)}`))).toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
  });
});
