import { createPrivateKey } from 'node:crypto';
import { symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createCertificateLookup } from '../../src/config/certs-d.ts';
import { FIRST_CERTIFICATE, FIRST_KEY, SECOND_CERTIFICATE, SECOND_KEY } from './certificates.ts';
import { temporaryDirectory, withoutPermission, writeFiles } from './places.ts';

const [FIRST, SECOND] = [FIRST_CERTIFICATE.trim(), SECOND_CERTIFICATE.trim()];
const NOTHING = { authorities: [], clients: [] };
const HOME = 'home/.config/containers/certs.d';

/** What a --cert-dir with these files gives. */
async function load(files: Readonly<Record<string, string>>) {
  const certDir = await temporaryDirectory();
  await writeFiles(certDir, files);
  return createCertificateLookup({ certDir })('h');
}

/** What a lookup in a temporary home and two system directories gives for a host. */
async function lookUp(root: string, host: string) {
  const home = join(root, 'home');
  const systemDirectories = [join(root, 'containers'), join(root, 'docker')];
  return createCertificateLookup({ home, systemDirectories })(host);
}

describe('which directory is read', () => {
  test.each([
    [{ [`${HOME}/h:5000/a.crt`]: FIRST, 'containers/h:5000/b.crt': SECOND }, [FIRST]],
    [{ 'containers/h:5000/a.crt': FIRST, 'docker/h:5000/b.crt': SECOND }, [FIRST]],
    [{ 'docker/h:5000/b.crt': SECOND }, [SECOND]],
    [{ [`${HOME}/h:5000/readme`]: '', 'docker/h:5000/b.crt': SECOND }, []], // no merging
    [{ [`${HOME}/h/a.crt`]: FIRST, 'docker/h:5001/b.crt': SECOND }, []], // as in the reference
    [{}, []],
    [{ home: 'a file', 'docker/h:5000/b.crt': SECOND }, [SECOND]],
  ])('%j', async (files, authorities) => {
    const root = await temporaryDirectory();
    await writeFiles(root, files);
    expect(await lookUp(root, 'h:5000')).toEqual({ authorities, clients: [] });
  });

  test('one that may not be entered is skipped', async () => {
    const root = await temporaryDirectory();
    await writeFiles(root, { [`${HOME}/h/a.crt`]: FIRST });
    const home = join(root, 'home');
    const lookup = createCertificateLookup({ home, systemDirectories: [] });
    expect(await lookup('h')).toEqual({ authorities: [FIRST], clients: [] });
    expect(await withoutPermission(root, () => lookup('h'))).toEqual(NOTHING);
  });

  test('one that is there but may not be listed means no certificates', async () => {
    const certDir = await temporaryDirectory();
    const lookup = createCertificateLookup({ certDir });
    expect(await withoutPermission(certDir, () => lookup('h'))).toEqual(NOTHING);
  });

  test('--cert-dir is itself the directory, and the only one', async () => {
    const root = await temporaryDirectory();
    await writeFiles(root, { 'typed/a.crt': FIRST, [`${HOME}/h/b.crt`]: SECOND });
    const options = { home: join(root, 'home'), systemDirectories: [] };
    const typed = createCertificateLookup({ ...options, certDir: join(root, 'typed') });
    expect(await typed('h')).toEqual({ authorities: [FIRST], clients: [] });
    const missing = createCertificateLookup({ ...options, certDir: join(root, 'missing') });
    expect(await missing('h')).toEqual(NOTHING);
  });

  test('a --cert-dir that is a file is refused', async () => {
    const root = await temporaryDirectory();
    await writeFiles(root, { file: '' });
    await expect(
      createCertificateLookup({ certDir: join(root, 'file') })('h'),
    ).rejects.toMatchObject({ code: 'CONFIG_INVALID', origin: 'config' });
  });

  test('unless told otherwise it is in the home directory of the user', async () => {
    const host = `none.invalid:${process.pid}`;
    expect(homedir()).not.toBe('');
    expect(await createCertificateLookup()(host)).toEqual(NOTHING);
  });
});

describe('what is read of it', () => {
  test.each([
    [{ 'b.crt': SECOND, 'a.crt': FIRST }, [FIRST, SECOND]], // in the order of their names
    [{ 'a.crt': `# bundle\n${FIRST}\r\n\n${SECOND}\n` }, [FIRST, SECOND]],
    [{ 'a.crt': 'garbage', 'b.crt': SECOND }, [SECOND]],
    [{ 'a.crt': FIRST.replace('MIIB', 'AAAA'), 'b.crt': SECOND }, [SECOND]],
    [{ 'a.crt': `-----BEGIN CERTIFICATE-----\ncut off\n${SECOND}` }, [SECOND]],
    [{ 'a.pem': FIRST, 'readme.txt': '' }, []],
  ])('authorities of %j', async (files, authorities) => {
    expect(await load(files)).toEqual({ authorities, clients: [] });
  });

  test('pairs of certificates and keys', async () => {
    const files = {
      'a.cert': FIRST_CERTIFICATE,
      'a.key': FIRST_KEY,
      'b.c.cert': SECOND_CERTIFICATE + FIRST_CERTIFICATE,
      'b.c.key': SECOND_KEY,
      'ca.crt': FIRST,
    };
    expect(await load(files)).toEqual({
      authorities: [FIRST],
      clients: [
        { certificate: FIRST_CERTIFICATE, key: FIRST_KEY },
        { certificate: SECOND_CERTIFICATE + FIRST_CERTIFICATE, key: SECOND_KEY },
      ],
    });
  });

  test('no file without end, nor one that is no file', async () => {
    for (const target of ['/dev/zero', '/']) {
      const certDir = await temporaryDirectory();
      await symlink(target, join(certDir, 'a.crt'));
      const certificates = createCertificateLookup({ certDir })('h');
      await expect(certificates).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        origin: 'config',
      });
    }
  });

  test('not the target of a dangling link', async () => {
    const certDir = await temporaryDirectory();
    await symlink('missing', join(certDir, 'a.crt'));
    expect(await createCertificateLookup({ certDir })('h')).toEqual(NOTHING);
  });

  const encrypted = createPrivateKey(FIRST_KEY).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'secret',
  });

  test.each([
    [
      { 'cl.cert': FIRST_CERTIFICATE },
      'missing key cl.key for client certificate cl.cert. Note that CA certificates should use the extension .crt',
    ],
    [{ 'cl.key': FIRST_KEY }, 'missing client certificate cl.cert for key cl.key'],
    [{ 'a.cert': FIRST_CERTIFICATE, 'a.key': SECOND_KEY }, 'a.key does not match'],
    [{ 'a.cert': 'garbage', 'a.key': FIRST_KEY }, 'a.cert holds no certificate'],
    [{ 'a.cert': FIRST_CERTIFICATE, 'a.key': 'garbage' }, 'a.key holds no private key'],
    [{ 'a.cert': FIRST_CERTIFICATE, 'a.key': String(encrypted) }, 'a.key holds no private key'],
    [{ 'a.crt/file': '' }, 'a.crt'],
    [{ 'a.cert/file': '', 'a.key': FIRST_KEY }, 'a.cert'],
  ])('%j is refused: %s', async (files, message) => {
    await expect(load(files)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      origin: 'config',
      hint: expect.any(String),
      message: expect.stringContaining(message),
    });
  });
});
