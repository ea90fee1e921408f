/** The steps of the GitHub action, run as a workflow runs them. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Scene } from './scene.ts';

const ROOT = join(import.meta.dirname, '..', '..');

const execute = promisify(execFile);

/** The scripts of the steps: what is indented deeper than their `run: |`. */
export async function actionScripts(): Promise<readonly string[]> {
  const text = await readFile(join(ROOT, 'action.yml'), 'utf8');
  return [...text.matchAll(/^ {6}run: \|\n((?: {8}.*\n|\n)+)/gm)].map(([, body = '']) =>
    body.replaceAll(/^ {8}/gm, ''),
  );
}

/**
 * Runs all steps; what they put out is what stands in the file that a workflow would read. ACTION
 * in the environment says where the action is, if not here.
 */
export async function runAction(
  scene: Scene,
  inputs: { readonly options?: string; readonly image: string; readonly destination: string },
  environment: NodeJS.ProcessEnv = {},
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
    ...environment,
  };
  for (const script of await actionScripts()) {
    await execute('bash', ['-e', '-c', script], { cwd: scene.home.path, env });
  }
  return readFile(output, 'utf8');
}
