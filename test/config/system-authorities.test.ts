import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSystemAuthorities } from '../../src/config/system-authorities.ts';
import { TEST_CERTIFICATE } from '../support/registry/certificate.ts';
import { FIRST_CERTIFICATE, FIRST_KEY, SECOND_CERTIFICATE } from './certificates.ts';
import { temporaryDirectory, writeFiles } from './places.ts';

const [FIRST, SECOND, THIRD] = [
  FIRST_CERTIFICATE.trim(),
  SECOND_CERTIFICATE.trim(),
  TEST_CERTIFICATE.cert.trim(),
];

type Files = Readonly<Record<string, string>>;

/** Where the machine has two bundles and two directories; variables name places below the root. */
async function read(files: Files, variables: Files = {}) {
  const root = await temporaryDirectory();
  await writeFiles(root, files);
  const environment = Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [
      name,
      value
        .split(':')
        .map((path) => join(root, path))
        .join(':'),
    ]),
  );
  const at = (...names: readonly string[]) => names.map((name) => join(root, name));
  return readSystemAuthorities(environment, {
    bundles: at('bundle1', 'bundle2'),
    directories: at('dir1', 'dir2'),
  });
}

describe('the authorities of the machine', () => {
  test.each<readonly [what: string, files: Files, found: readonly string[] | undefined]>([
    ['nobody', {}, undefined],
    ['nobody, for files that hold none', { bundle1: 'nothing', 'dir1/a': FIRST_KEY }, undefined],
    ['the first bundle alone', { bundle1: FIRST, bundle2: SECOND }, [FIRST]],
    ['the second where there is no first', { bundle2: `${SECOND}\n${FIRST}` }, [SECOND, FIRST]],
    ['every file of all directories', { 'dir1/a': FIRST, 'dir2/b': SECOND }, [FIRST, SECOND]],
    ['each once', { bundle1: FIRST, 'dir1/a': FIRST, 'dir2/b': `x\n${FIRST}\ny` }, [FIRST]],
    ['none from deeper down', { 'dir1/sub/a': FIRST, 'dir1/b': SECOND }, [SECOND]],
  ])('are %s', async (_, files, found) => {
    expect(await read(files)).toEqual(found);
  });

  test.each<readonly [variables: Files, found: readonly string[]]>([
    [{ SSL_CERT_FILE: 'own' }, [THIRD, SECOND]],
    [{ SSL_CERT_DIR: 'mine' }, [FIRST, THIRD]],
    [{ SSL_CERT_DIR: 'nowhere:mine' }, [FIRST, THIRD]],
    [{ SSL_CERT_FILE: 'nowhere', SSL_CERT_DIR: 'nowhere' }, []], // what was named is all there is
    [{ NODE_EXTRA_CA_CERTS: 'own' }, [FIRST, SECOND, THIRD]],
  ])('with %j', async (variables, found) => {
    const files = { bundle1: FIRST, 'dir1/a': SECOND, own: THIRD, 'mine/b': THIRD };
    expect(await read(files, variables)).toEqual(found);
  });

  test('are not read under the second names that OpenSSL has for them', async () => {
    const root = await temporaryDirectory();
    await writeFiles(root, { 'dir/a.pem': FIRST, 'other/b.pem': SECOND });
    await symlink('a.pem', join(root, 'dir', '002c0b4f.0'));
    await symlink('gone.pem', join(root, 'dir', '002c0b4f.1'));
    await symlink('../other/b.pem', join(root, 'dir', 'b.pem'));
    await symlink('../other/gone.pem', join(root, 'dir', 'c.pem'));
    const places = { bundles: [], directories: [join(root, 'dir')] };
    expect(readSystemAuthorities({}, places)).toEqual([FIRST, SECOND]);
  });
});
