/** A program whose actions only note what they were asked to do. */
import { PassThrough } from 'node:stream';
import { createProgram, runProgram, type PushInvocation } from '../../src/cli/program.ts';

export interface Recording {
  readonly pushes: readonly PushInvocation[];
  /** Of `manifest push`. */
  readonly lists: readonly PushInvocation[];
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line; fails as the program fails. */
export async function record(...argv: readonly string[]): Promise<Recording> {
  const pushes: PushInvocation[] = [];
  const lists: PushInvocation[] = [];
  const stdout = new PassThrough({ encoding: 'utf8' });
  const stderr = new PassThrough({ encoding: 'utf8' });
  const push = async (invocation: PushInvocation) => void pushes.push(invocation);
  const pushManifest = async (invocation: PushInvocation) => void lists.push(invocation);
  await runProgram(createProgram({ push, pushManifest }, { stdout, stderr }), argv);
  return { pushes, lists, stdout: stdout.read() ?? '', stderr: stderr.read() ?? '' };
}
