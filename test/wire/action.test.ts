/** The GitHub action: its steps, run as a workflow runs them. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { writeOciLayout } from '../support/make-image.ts';
import { openScene, type Scene } from '../support/scene.ts';

const ROOT = join(import.meta.dirname, '..', '..');

const execute = promisify(execFile);

/** The scripts of the steps: what is indented deeper than their `run: |`. */
async function scripts(): Promise<readonly string[]> {
  const text = await readFile(join(ROOT, 'action.yml'), 'utf8');
  return [...text.matchAll(/^ {6}run: \|\n((?: {8}.*\n|\n)+)/gm)].map(([, body = '']) =>
    body.replaceAll(/^ {8}/gm, ''),
  );
}

/** Runs all steps; what they put out is what stands in the file that a workflow would read. */
async function runAction(
  scene: Scene,
  inputs: { readonly options?: string; readonly image: string; readonly destination: string },
): Promise<string> {
  const output = scene.path('output');
  await writeFile(output, '');
  const env = {
    PATH: process.env['PATH'],
    HOME: scene.home.path,
    TMPDIR: scene.home.path,
    ACTION: ROOT,
    GITHUB_OUTPUT: output,
    IMAGE: inputs.image,
    DESTINATION: inputs.destination,
    OPTIONS: inputs.options ?? '',
  };
  for (const script of await scripts()) {
    await execute('bash', ['-e', '-c', script], { cwd: scene.home.path, env });
  }
  return readFile(output, 'utf8');
}

test('the action pushes to each destination and puts out the digest', async () => {
  await using scene = await openScene();
  const { manifest } = await writeOciLayout(scene.path('image'), { layers: [] });
  expect(await scripts()).toHaveLength(2);
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
