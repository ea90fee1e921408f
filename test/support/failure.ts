/** Takes apart what a failed command says, which must have podman's form. */
import { expect } from 'vitest';
import type { Run } from './ocipush.ts';
import type { Scene } from './scene.ts';

export interface Failure {
  readonly code: number | undefined;
  /** The text after `Error: `. */
  readonly error: string;
  /** The text after `Hint: `. */
  readonly hint: string | undefined;
  /** The command between the quotes of `See '…'`. */
  readonly help: string | undefined;
}

const FORM = /^Error: (?<error>[^\n]+)\n(?:Hint: (?<hint>[^\n]+)\n)?(?:See '(?<help>[^'\n]+)'\n)?$/;
const PROGRESS = /^(?:(?:Getting|Copying|Copied|Skipped|Skipping|Mounted|Writing|time=).*\n)*/;

/**
 * What stands after the progress and warnings.
 * @throws when that is anything else than one error, or anything is on standard output
 */
export function failureOf(run: Run): Failure {
  const groups = FORM.exec(run.stderr.replace(PROGRESS, ''))?.groups;
  if (groups === undefined || run.stdout !== '') {
    throw new Error(`not one clear error: ${JSON.stringify(run)}`);
  }
  const { error = '', hint, help } = groups;
  return { code: run.code, error, hint, help };
}

/** A failed push, and what it has left behind. */
export interface Aftermath extends Failure {
  readonly digestFile: string | undefined;
  /** Number of manifests in the repository. */
  readonly manifests: number;
}

export async function aftermathOf(scene: Scene, run: Run): Promise<Aftermath> {
  const { digestFile, repository } = scene;
  return {
    ...failureOf(run),
    digestFile: await digestFile(),
    manifests: repository.manifests.size,
  };
}

/** How a push must fail: with one clear error and a hint, and nothing left of it. */
export const CLEAR_FAILURE: Aftermath = {
  code: 125,
  error: expect.stringMatching(/\S/),
  hint: expect.stringMatching(/\S/),
  help: undefined,
  digestFile: undefined,
  manifests: 0,
};
