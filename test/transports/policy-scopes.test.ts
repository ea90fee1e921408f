import { mkdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseDockerReference, withDefaultTag } from '../../src/image/docker-reference.ts';
import { nameScopes, pathScopes } from '../../src/transports/policy-scopes.ts';
import { temporaryDirectory } from '../support/scratch.ts';
import { thrownBy } from '../support/thrown.ts';

describe('nameScopes', () => {
  const digest = `sha256:${'a'.repeat(64)}`;

  test.each([
    [
      'x',
      [
        'docker.io/library/x:latest',
        'docker.io/library/x',
        'docker.io/library',
        'docker.io',
        '*.io',
      ],
    ],
    [
      'a.b.c:5000/d/e:1',
      ['a.b.c:5000/d/e:1', 'a.b.c:5000/d/e', 'a.b.c:5000/d', 'a.b.c:5000', '*.b.c', '*.c'],
    ],
    [`localhost/d@${digest}`, [`localhost/d@${digest}`, 'localhost/d', 'localhost']],
    ['localhost:1/d:1', ['localhost:1/d:1', 'localhost:1/d', 'localhost:1']],
  ])('%s', (name, scopes) => {
    expect(nameScopes(withDefaultTag(parseDockerReference(name)))).toEqual(scopes);
  });
});

describe('pathScopes', () => {
  test('has no links in it, and ends below the root', async () => {
    const root = await realpath(await temporaryDirectory());
    await mkdir(join(root, 'a/b'), { recursive: true });
    await writeFile(join(root, 'a/b/c'), '');
    await symlink('a', join(root, 'directory'));
    await symlink('../a/b/c', join(root, 'a/file'));
    const above = root.split('/').slice(1);
    const roots = above.map((_, index) => `/${above.slice(0, above.length - index).join('/')}`);
    const expected = [join(root, 'a/b/c'), join(root, 'a/b'), join(root, 'a'), ...roots];
    for (const path of ['a/b/c', 'directory/b/c', 'directory/file', 'a/../a//b/./c']) {
      expect(await pathScopes(`${root}/${path}`)).toEqual(expected);
    }
  });

  test('are none for the root', async () => {
    expect(await pathScopes('/')).toEqual([]);
  });

  test('are not made up for what is there no more', async () => {
    const root = await temporaryDirectory();
    await symlink('gone', join(root, 'link'));
    for (const name of ['gone', 'link']) {
      const error = await thrownBy(pathScopes(join(root, name)));
      expect(error).toMatchObject({ code: 'FILE_UNREADABLE', origin: 'source' });
    }
  });
});
