/** The GitHub action as a workflow gets it: what is committed, without what a build makes. */
import { execFile } from 'node:child_process';
import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { runAction } from '../support/action.ts';
import { writeOciLayout } from '../support/make-image.ts';
import { openScene } from '../support/scene.ts';

const ROOT = join(import.meta.dirname, '..', '..');

const execute = promisify(execFile);

test('the action builds itself, also in a workflow of production, and pushes', async () => {
  await using scene = await openScene();
  const action = scene.path('action');
  await mkdir(action);
  const archive = scene.path('action.tar');
  await execute('git', ['archive', `--output=${archive}`, 'HEAD'], { cwd: ROOT });
  await execute('tar', ['-xf', archive, '-C', action]);
  await expect(access(join(action, 'dist'))).rejects.toThrow('ENOENT');
  const { manifest } = await writeOciLayout(scene.path('image'), { layers: [] });
  const output = await runAction(
    scene,
    { image: 'oci:image', destination: scene.destination, options: '--tls-verify=false' },
    // Who is asked for packages is said in the environment or the home of the user.
    { ...process.env, ACTION: action, NODE_ENV: 'production' },
  );
  expect(output).toBe(`digest=${manifest.descriptor.digest}\n`);
});
