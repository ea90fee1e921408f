/** The names of an image in an archive: those that are asked for, and the one it has in storage. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pushLocally } from '../../support/local-push.ts';
import { temporaryDirectory } from '../../support/scratch.ts';
import { makeStorage } from '../containers-storage/make-store.ts';

test.each<[source: string, wanted: string, names: readonly string[]]>([
  ['localhost/hello:1', '', ['localhost/hello:1']],
  ['localhost/hello', '', ['localhost/hello:latest']],
  ['localhost/hello:1', ':foo/bar:baz', ['docker.io/foo/bar:baz', 'localhost/hello:1']],
  ['localhost/hello:1', ':localhost/hello:1', ['localhost/hello:1']],
  ['@ID', '', []],
])('%s as %j', async (name, wanted, names) => {
  const storage = await makeStorage();
  const layer = await storage.layer({ parts: [Buffer.alloc(1024)] });
  const image = { names: ['localhost/hello:1', 'localhost/hello:latest'], layers: [layer] };
  const { id } = await storage.image(image);
  const directory = await temporaryDirectory();
  const archive = join(directory, 'image.tar');
  const source = `containers-storage:[overlay@${storage.root}]${name.replace('ID', id)}`;
  await pushLocally(source, `docker-archive:${archive}${wanted}`, {
    temporaryDirectory: directory,
  });
  const manifest = execFileSync('tar', ['-xOf', archive, 'manifest.json'], { encoding: 'utf8' });
  expect(JSON.parse(manifest)).toMatchObject([{ RepoTags: names }]);
});
