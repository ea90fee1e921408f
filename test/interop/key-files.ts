/** Keys as recipients have them: in files of all forms, in a keyring of gpg and in a token. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyPair } from '../support/key-pairs.ts';
import { peerPath } from '../support/peers.ts';

/** Writes both halves in all forms: `NAME.pem`, `NAME.der`, `NAME.jwk` and `NAME.key`, which is private. */
export async function writePair(dir: string, name: string, pair: KeyPair): Promise<void> {
  const { publicKey, privateKey } = pair;
  const at = (end: string): string => join(dir, `${name}.${end}`);
  await writeFile(at('pem'), publicKey.export({ format: 'pem', type: 'spki' }));
  await writeFile(at('der'), publicKey.export({ format: 'der', type: 'spki' }));
  await writeFile(at('jwk'), JSON.stringify(publicKey.export({ format: 'jwk' })));
  await writeFile(at('key'), privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
}

/** Writes a certificate for `NAME.key` that signed itself: `NAME.crt` and `NAME.cer`, which is DER. */
export function writeCertificate(dir: string, name: string, subject: string): void {
  const at = (end: string): string => join(dir, `${name}.${end}`);
  const openssl = (...args: readonly string[]): void => {
    execFileSync(peerPath('openssl'), args, { stdio: 'pipe' });
  };
  const period = ['-days', '2', '-utf8', '-subj', subject];
  openssl('req', '-x509', '-key', at('key'), ...period, '-out', at('crt'));
  openssl('x509', '-in', at('crt'), '-outform', 'DER', '-out', at('cer'));
}

/** A keyring of gpg with one RSA key of this user ID; its secret half is exported to `secret.gpg`. */
export async function makeKeyring(
  home: string,
  {
    name,
    comment,
    email,
  }: { readonly name: string; readonly comment: string; readonly email: string },
): Promise<{ readonly fingerprint: string }> {
  await mkdir(home, { mode: 0o700 });
  const gpg = (args: readonly string[], input = ''): Buffer =>
    execFileSync(peerPath('gpg'), ['--batch', '--quiet', ...args], {
      input,
      env: { PATH: process.env['PATH'], GNUPGHOME: home },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  const lines = [
    'Key-Type: RSA',
    'Key-Length: 2048',
    'Subkey-Type: RSA',
    'Subkey-Length: 2048',
    `Name-Real: ${name}`,
    `Name-Comment: ${comment}`,
    `Name-Email: ${email}`,
    '%no-protection',
    '%commit',
  ];
  // gpg 2.2 reads beyond a last line that does not end, and crashes now and then.
  gpg(['--generate-key'], `${lines.join('\n')}\n`);
  await writeFile(join(home, 'secret.gpg'), gpg(['--export-secret-keys']));
  await writeFile(join(home, 'public.gpg'), gpg(['--export']));
  await writeFile(join(home, 'public.asc'), gpg(['--export', '--armor']));
  const [, fingerprint = ''] =
    /^fpr:+([\dA-F]+):/m.exec(gpg(['--list-keys', '--with-colons']).toString()) ?? [];
  execFileSync('gpgconf', ['--kill', 'all'], {
    env: { PATH: process.env['PATH'], GNUPGHOME: home },
  });
  return { fingerprint };
}

/** The module of SoftHSM, in the places of Debian and of its own build. */
const MODULES = ['/usr/lib/softhsm/libsofthsm2.so', '/usr/local/lib/softhsm/libsofthsm2.so'];

/**
 * A token with the key of `KEY`, in PEM, under the name `layers`. Its module is copied beside it, for
 * peers see another /usr.
 * @returns the configuration of ocicrypt; `key.yaml` beside it says where the key is
 */
export async function makeToken(home: string, key: string): Promise<{ readonly config: string }> {
  const at = (name: string): string => join(home, name);
  await mkdir(at('tokens'), { recursive: true });
  await writeFile(at('softhsm2.conf'), `directories.tokendir = ${at('tokens')}\n`);
  const softhsm = (...args: readonly string[]): void => {
    const env = { PATH: process.env['PATH'], SOFTHSM2_CONF: at('softhsm2.conf') };
    execFileSync(peerPath('softhsm'), args, { env, stdio: 'pipe' });
  };
  softhsm('--init-token', '--free', '--label', 'test', '--pin', '1234', '--so-pin', '1234');
  softhsm('--import', key, '--token', 'test', '--label', 'layers', '--id', '01', '--pin', '1234');
  const module = MODULES.find((path) => existsSync(path)) ?? '';
  await copyFile(module, at('libsofthsm2.so'));
  const uri = `pkcs11:token=test;object=layers?module-path=${at('libsofthsm2.so')}&pin-value=1234`;
  const environment = { SOFTHSM2_CONF: at('softhsm2.conf') };
  await writeFile(
    at('key.yaml'),
    JSON.stringify({ pkcs11: { uri }, module: { env: environment } }),
  );
  const allowed = { 'module-directories': [`${home}/`], 'allowed-module-paths': [`${home}/`] };
  await writeFile(at('ocicrypt.conf'), JSON.stringify({ pkcs11: allowed }));
  return { config: at('ocicrypt.conf') };
}
