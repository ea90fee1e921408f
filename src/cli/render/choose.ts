/** Which way of showing a push fits the place it is shown in. */
import type { WriteStream } from 'node:tty';
import type { Host } from '../host.ts';
import { createPlainRenderer } from './plain.ts';
import { createQuietRenderer } from './quiet.ts';
import type { Renderer } from './renderer.ts';

/** Bars for a person at a capable terminal, podman's lines for everybody else. */
export async function chooseRenderer(
  quiet: boolean,
  { stderr, environment }: Pick<Host, 'stderr' | 'environment'>,
): Promise<Renderer> {
  const write = (text: string) => void stderr.write(text);
  if (quiet) return createQuietRenderer(write);
  if (!isTerminal(stderr) || !wantsBars(environment)) return createPlainRenderer(write);
  const { createTtyRenderer } = await import('./tty.ts');
  return createTtyRenderer(stderr);
}

/** Without a width there is no room for a bar. */
function isTerminal(stream: Host['stderr']): stream is WriteStream {
  return 'isTTY' in stream && stream.isTTY && stream.columns > 0;
}

/** no-color.org; a terminal that cannot move its cursor; a log that somebody reads later. */
function wantsBars(environment: NodeJS.ProcessEnv): boolean {
  return !environment['NO_COLOR'] && environment['TERM'] !== 'dumb' && !environment['CI'];
}
