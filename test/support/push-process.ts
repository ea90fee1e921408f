/** Pushes between local places in processes of their own, which may be killed at any change they make. */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { bundle } from '../../scripts/bundle.js';

export interface PushProcess extends AsyncDisposable {
  start(args: readonly string[], stdio?: StdioOptions): ChildProcess;
  /**
   * @returns whether it was killed; false when it made fewer changes than `point`
   * @throws Error when the push fails
   */
  pushUntil(point: number, source: string, destination: string): Promise<boolean>;
}

/** Bundles what runs, as Node of this version reads no TypeScript. */
export async function preparePushProcess(): Promise<PushProcess> {
  const directory = await mkdtemp(join(tmpdir(), 'ocipush-push-process-'));
  const script = join(directory, 'push.mjs');
  await bundle(join(import.meta.dirname, 'killed-push.ts'), script);
  const start = (
    args: readonly string[],
    stdio: StdioOptions = ['ignore', 'inherit', 'inherit'],
  ): ChildProcess =>
    spawn(process.execPath, [script, ...args], { stdio, env: { TMPDIR: directory } });
  return {
    start,
    pushUntil: async (point, source, destination) => {
      const child = start([source, destination, String(point)]);
      const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
      if (code !== 0 && signal !== 'SIGKILL') throw new Error(`push to ${destination} failed`);
      return signal === 'SIGKILL';
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}
