/** A program whose actions only note what they were asked to do. */
import { PassThrough } from 'node:stream';
import {
  createProgram,
  runProgram,
  type Actions,
  type CompletionInvocation,
  type LoginInvocation,
  type LogoutInvocation,
  type PushInvocation,
} from '../../src/cli/program.ts';

/** Actions that do nothing. */
export const NO_ACTIONS: Actions = {
  completion: async () => {},
  login: async () => {},
  logout: async () => {},
  push: async () => {},
  pushManifest: async () => {},
};

export interface Recording {
  readonly pushes: readonly PushInvocation[];
  /** Of `completion`. */
  readonly completions: readonly string[];
  /** Of `manifest push`. */
  readonly lists: readonly PushInvocation[];
  readonly logins: readonly LoginInvocation[];
  readonly logouts: readonly LogoutInvocation[];
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line; fails as the program fails. */
export async function record(...argv: readonly string[]): Promise<Recording> {
  const pushes: PushInvocation[] = [];
  const lists: PushInvocation[] = [];
  const logins: LoginInvocation[] = [];
  const logouts: LogoutInvocation[] = [];
  const stdout = new PassThrough({ encoding: 'utf8' });
  const stderr = new PassThrough({ encoding: 'utf8' });
  const completions: string[] = [];
  const completion = async ({ what }: CompletionInvocation) => void completions.push(what);
  const push = async (invocation: PushInvocation) => void pushes.push(invocation);
  const pushManifest = async (invocation: PushInvocation) => void lists.push(invocation);
  const login = async (invocation: LoginInvocation) => void logins.push(invocation);
  const logout = async (invocation: LogoutInvocation) => void logouts.push(invocation);
  const actions = { completion, login, logout, push, pushManifest };
  await runProgram(createProgram(actions, { stdout, stderr }), argv);
  const said = { stdout: stdout.read() ?? '', stderr: stderr.read() ?? '' };
  return { completions, pushes, lists, logins, logouts, ...said };
}
