import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { parseSigningOptions, type SigningFlags } from '../../../src/cli/options/signing.ts';
import { thrownBy } from '../../support/thrown.ts';
import { record } from '../recording.ts';

function parse(flags: SigningFlags) {
  return parseSigningOptions(flags, {
    environment: {},
    stdin: () => new PassThrough(),
    stdinIsTerminal: false,
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    signal: new AbortController().signal,
  });
}

describe('parseSigningOptions', () => {
  test.each<[SigningFlags, names: readonly string[], identity?: string]>([
    [{}, []],
    [{ signBy: '' }, []],
    [{ signBy: 'me@example.com' }, ['GPG key me@example.com']],
    [{ signBySqFingerprint: 'F' }, ['Sequoia-PGP key F']],
    [{ signBySigstore: '/s' }, ['/s']],
    [{ signBySigstorePrivateKey: '/c', signPassphraseFile: '/p' }, ['/c']],
    [{ signBy: 'K', signBySqFingerprint: 'F' }, ['Sequoia-PGP key F', 'GPG key K']],
    [{ signBy: './key.asc', signPassphraseFile: '/p' }, ['./key.asc']],
    [{ signBy: '/key', signIdentity: 'r.example/a:1' }, ['/key'], 'r.example/a:1'],
    [{ signBy: '../key', signIdentity: '' }, ['../key']],
  ])('%j', async (flags, names, identity) => {
    const wish = await parse(flags);
    expect(wish.signers.map(({ signer }) => signer.name)).toEqual(names);
    expect(wish.identity).toBe(identity);
  });

  test('leaves it to the push to read what they name', async () => {
    const flags = { signBy: '/nonexistent/key', signPassphraseFile: '/nonexistent/passphrase' };
    const { signers } = await parse(flags);
    const { signal } = new AbortController();
    const [first] = signers;
    expect(await thrownBy(first?.signer.prepare(signal) ?? Promise.resolve())).toMatchObject({
      code: 'FILE_UNREADABLE',
    });
  });
});

test('signers sign in the order of podman', async () => {
  const flags = { signBySigstorePrivateKey: '/c', signBy: 'K', signBySigstore: '/s' };
  const { signers } = await parse({ ...flags, signBySqFingerprint: 'F' });
  expect(signers.map(({ signer, format }) => [signer.name, format])).toEqual([
    ['/s', 'sigstore'],
    ['Sequoia-PGP key F', 'simple-signing'],
    ['GPG key K', 'simple-signing'],
    ['/c', 'sigstore'],
  ]);
});

test.each<[form: SigningFlags['signSigstoreForm'], formats: readonly string[]]>([
  [undefined, ['sigstore']],
  ['attachment', ['sigstore']],
  ['referrer', ['sigstore-bundle']],
  ['both', ['sigstore', 'sigstore-bundle']],
])('--sign-sigstore-form %s makes of each key', async (signSigstoreForm, formats) => {
  const flags = { signBySigstorePrivateKey: '/c', signBySigstore: '/s', signBy: 'K' };
  const { signers } = await parse({ ...flags, ...(signSigstoreForm && { signSigstoreForm }) });
  expect(signers.map(({ signer, format }) => [signer.name, format])).toEqual([
    ...formats.map((format) => ['/s', format]),
    ['GPG key K', 'simple-signing'],
    ...formats.map((format) => ['/c', format]),
  ]);
});

test.each<SigningFlags>([
  { signSigstoreForm: 'referrer' },
  { signSigstoreForm: 'attachment', signBy: 'K' },
  { signSigstoreForm: 'referrer', signBySigstore: '/s', signIdentity: 'r.example/a:1' },
])('what would have no effect is refused: %j', async (flags) => {
  expect(await thrownBy(parse(flags))).toMatchObject({ code: 'USAGE', origin: 'usage' });
});

test('an identity goes with referrers where others sign, too', async () => {
  const flags = { signSigstoreForm: 'referrer', signBySigstore: '/s', signBy: 'K' } as const;
  expect((await parse({ ...flags, signIdentity: 'r.example/a:1' })).signers).toHaveLength(2);
});

test('a form that is none is refused', async () => {
  const typed = record('push', '--sign-sigstore-form=tag', 'a', 'b');
  expect(await thrownBy(typed)).toMatchObject({ code: 'USAGE' });
});

test('one passphrase is not that of two keys', async () => {
  const flags = { signBy: 'K', signBySigstorePrivateKey: '/c', signPassphraseFile: '/p' };
  expect(await thrownBy(parse(flags))).toMatchObject({ code: 'USAGE', origin: 'usage' });
});

test.each([
  ['r.example/a', 'Sign identity must be a fully specified reference r.example/a'],
  ['UP:1', 'repository name must be lowercase'],
])('--sign-identity %s', async (identity, message) => {
  expect(await thrownBy(record('push', '--sign-identity', identity, 'a', 'b'))).toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining(message) as string,
  });
});
