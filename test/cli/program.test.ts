import { describe, expect, test } from 'vitest';
import { record } from './recording.ts';

const DEFAULTS = {
  addCompression: [],
  encryptLayer: [],
  encryptionKey: [],
  annotation: [],
  mountFrom: [],
  platform: [],
  tag: [],
};

const MOUNTS = [{ path: 'a/b' }, { registry: 'r.test', path: 'c' }];

describe('runProgram', () => {
  test.each([
    [['push', 'a', 'b']],
    [['image', 'push', 'a', 'b']],
    [['a', 'b']],
    [['push', '--', 'a', 'b']],
  ])('%j pushes', async (argv) => {
    const { pushes, stdout, stderr } = await record(...argv);
    expect(pushes).toEqual([{ image: 'a', destinations: ['b'], flags: DEFAULTS }]);
    expect([stdout, stderr]).toEqual(['', '']);
  });

  test.each<[argv: string[], flags: object]>([
    [['--authfile', '/a'], { authfile: '/a' }],
    [['--cert-dir', '/c'], { certDir: '/c' }],
    [['--compression-level=9'], { compressionLevel: 9 }],
    [['--compression-level', '-1'], { compressionLevel: -1 }],
    [['--creds', 'u:p'], { creds: 'u:p' }],
    [['--creds', 'u:p', '--creds='], { creds: '' }], // the last one counts
    [['--digestfile=d'], { digestfile: 'd' }],
    [['--encrypt-layer=-1,0', '--encrypt-layer', '2'], { encryptLayer: [-1, 0, 2] }],
    [
      ['--encryption-key', 'jwe:a,b', '--encryption-key=pgp:c'],
      { encryptionKey: ['jwe:a,b', 'pgp:c'] },
    ],
    [['--disable-content-trust'], { disableContentTrust: true }],
    [['--jobs=0x10'], { jobs: 16 }],
    [['--log-level', 'warn'], { logLevel: 'warning' }],
    [['--mount-from=a/b', '--mount-from', 'r.test/c'], { mountFrom: MOUNTS }],
    [['--no-overwrite'], { noOverwrite: true }],
    [['--no-overwrite', '--no-overwrite=false'], { noOverwrite: false }],
    [['--verify'], { verify: true }],
    [['-q'], { quiet: true }],
    [['--quiet', '--quiet=false'], { quiet: false }],
    [['--remove-signatures'], { removeSignatures: true }],
    [['--retry', '0'], { retry: 0 }],
    [['--retry-delay', '1m30s'], { retryDelay: '1m30s' }],
    [['--sign-by', 'k'], { signBy: 'k' }],
    [['--sign-by-sigstore', 'p'], { signBySigstore: 'p' }],
    [['--sign-by-sigstore-private-key', 'k'], { signBySigstorePrivateKey: 'k' }],
    [['--sign-by-sq-fingerprint', 'f'], { signBySqFingerprint: 'f' }],
    [['--sign-identity', 'a:1'], { signIdentity: 'docker.io/library/a:1' }],
    [['--sign-identity='], { signIdentity: '' }],
    [['--sign-passphrase-file', 'p'], { signPassphraseFile: 'p' }],
    [['--signature-policy', 'p'], { signaturePolicy: 'p' }],
    [['--tls-verify'], { tlsVerify: true }],
    [['--tls-verify=f'], { tlsVerify: false }],
  ])('%j', async (argv, flags) => {
    const { pushes } = await record('push', ...argv, 'a', 'b');
    expect(pushes).toEqual([{ image: 'a', destinations: ['b'], flags: { ...DEFAULTS, ...flags } }]);
  });

  test.each<[line: string, registry: string | undefined, flags: object]>([
    ['login', undefined, {}],
    ['login quay.io', 'quay.io', {}],
    ['login -u me -p secret quay.io/ns', 'quay.io/ns', { username: 'me', password: 'secret' }],
    ['login --username=me --password-stdin x', 'x', { username: 'me', passwordStdin: true }],
    ['login x --get-login -v', 'x', { getLogin: true, verbose: true }],
    ['login x --authfile a --cert-dir c', 'x', { authfile: 'a', certDir: 'c' }],
    ['login --compat-auth-file b --secret s', undefined, { compatAuthFile: 'b', secret: 's' }],
    ['login --tls-verify=false x', 'x', { tlsVerify: false }],
  ])('%s', async (line, registry, flags) => {
    const { logins, pushes } = await record(...line.split(' '));
    expect(logins).toEqual([{ registry, flags }]);
    expect(pushes).toEqual([]);
  });

  test.each<[line: string, registry: string | undefined, flags: object]>([
    ['logout quay.io', 'quay.io', {}],
    ['logout -a', undefined, { all: true }],
    ['logout --all --authfile a', undefined, { all: true, authfile: 'a' }],
    ['logout --compat-auth-file b x', 'x', { compatAuthFile: 'b' }],
  ])('%s', async (line, registry, flags) => {
    const { logouts } = await record(...line.split(' '));
    expect(logouts).toEqual([{ registry, flags }]);
  });

  test.each(['login a b', 'logout a b'])('%s', async (line) => {
    await expect(record(...line.split(' '))).rejects.toMatchObject({
      code: 'USAGE',
      message: 'accepts at most 1 arg(s), received 2',
    });
  });

  test.each([
    [['--log-level', 'debug', 'push', 'a']],
    [['--log-level=debug', 'image', 'push', 'a']],
    [['--log-level=debug', 'a']],
    [['--log-level=error', '--log-level=debug', 'push', 'a']],
    [['--log-level=error', 'push', '--log-level=debug', 'a']],
  ])('%j takes a flag of the program', async (argv) => {
    const { pushes } = await record(...argv);
    expect(pushes).toMatchObject([{ image: 'a', flags: { logLevel: 'debug' } }]);
  });

  test('completion names a shell', async () => {
    expect(await record('completion', 'bash')).toMatchObject({ completions: ['bash'] });
  });

  test.each([['completion'], ['completion', 'bash', 'zsh']])(
    '%s %s is no completion',
    async (...argv) => {
      await expect(record(...argv)).rejects.toMatchObject({
        code: 'USAGE',
        message: `accepts 1 arg(s), received ${argv.length - 1}`,
      });
    },
  );

  test('leaves the destination open', async () => {
    const { pushes } = await record('push', 'a');
    expect(pushes).toMatchObject([{ image: 'a', destinations: [] }]);
  });

  test.each([['push', 'requires at least 1 arg(s), only received 0']])(
    '%s',
    async (line, message) => {
      await expect(record(...line.split(' '))).rejects.toMatchObject({
        code: 'USAGE',
        message,
        context: {},
      });
    },
  );

  test.each([
    [
      'push --retry -1 a b',
      'invalid argument "-1" for "--retry" flag: strconv.ParseUint: parsing "-1": invalid syntax',
      'ocipush push --help',
    ],
    [
      'image push --compression-level abc a b',
      'invalid argument "abc" for "--compression-level" flag: strconv.ParseInt: parsing "abc": invalid syntax',
      'ocipush image push --help',
    ],
    [
      'a b --jobs=0',
      'invalid argument "0" for "--jobs" flag: must be at least 1',
      'ocipush push --help',
    ],
    ['a b --bogus', 'unknown flag: --bogus', 'ocipush push --help'],
    ['--log-level=debug --bogus', 'unknown flag: --bogus', 'ocipush push --help'],
    ['--log-level', 'flag needs an argument: --log-level', 'ocipush --help'],
    ['--log-level=debug', `missing command 'ocipush COMMAND'`, 'ocipush --help'],
    ['push --version', 'unknown flag: --version', 'ocipush push --help'],
    ['--version --bogus', 'unknown flag: --bogus', 'ocipush --help'],
    ['image', `missing command 'ocipush image COMMAND'`, 'ocipush image --help'],
    ['image pull x', `unrecognized command 'ocipush image pull'`, 'ocipush image --help'],
  ])('%s', async (line, message, help) => {
    await expect(record(...line.split(' '))).rejects.toMatchObject({
      code: 'USAGE',
      message,
      context: { help },
    });
  });

  test('needs a command', async () => {
    await expect(record()).rejects.toMatchObject({ message: `missing command 'ocipush COMMAND'` });
  });

  test.each(['--version', '-v', '--version=t'])('%s', async (flag) => {
    const { stdout } = await record(flag);
    expect(stdout).toMatch(/^ocipush version \d+\.\d+\.\d+\S*\n$/);
  });

  test.each(['--help', '-h', 'push --help', 'push -qh', 'a b --help', 'image --help'])(
    '%s',
    async (line) => {
      const { pushes, stdout, stderr } = await record(...line.split(' '));
      expect(stdout).toMatch(/^Usage: ocipush /);
      expect([pushes, stderr]).toEqual([[], '']);
    },
  );

  test('helps with the defaults that flags have, without their inner opposites and what is hidden', async () => {
    const { stdout } = await record('push', '--help');
    const text = stdout.replaceAll(/\s+/g, ' ');
    expect(text.match(/\(default [^)]*\)/g)).toEqual([
      '(default 6)',
      '(default warn)',
      '(default auto)',
      '(default none)',
      '(default 3)',
      '(default attachment)',
      '(default true)',
    ]);
    expect(text.match(/--no-\S+/g)).toEqual(['--no-overwrite']);
    expect(text).not.toContain('--signature-policy');
  });
});
