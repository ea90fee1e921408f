/** The GitHub action where it has been built already. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { actionScripts, runAction } from '../support/action.ts';
import { writeOciLayout } from '../support/make-image.ts';
import { openScene } from '../support/scene.ts';

test('the action pushes to each destination and puts out the digest', async () => {
  await using scene = await openScene();
  const { manifest } = await writeOciLayout(scene.path('image'), { layers: [] });
  expect(await actionScripts()).toHaveLength(2);
  const output = await runAction(scene, {
    image: 'oci:image',
    destination: `${scene.destination}\ndir:a copy\n`,
    options: '--tls-verify=false\n--annotation\nsaid=$(exit 1) "so"\n',
  });
  const copied = await readFile(scene.path('a copy/manifest.json'), 'utf8');
  expect(copied).toContain(String.raw`"said":"$(exit 1) \"so\""`);
  const digest = /^digest=(sha256:[0-9a-f]{64})\n$/.exec(output)?.[1];
  expect(digest).toBeDefined();
  expect(digest).not.toBe(manifest.descriptor.digest);
  expect([...scene.repository.manifests.keys()]).toContain(digest);
});

test('the action fails where the push fails, and puts out nothing', async () => {
  await using scene = await openScene();
  const running = runAction(scene, { image: 'oci:nowhere', destination: scene.destination });
  await expect(running).rejects.toMatchObject({ code: 125 });
  expect(await readFile(scene.path('output'), 'utf8')).toBe('');
});
