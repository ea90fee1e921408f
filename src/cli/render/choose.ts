/** Which way of showing a push fits the place it is shown in. */
import type { WriteStream } from 'node:tty';
import { OcipushError } from '../../errors.ts';
import type { Host } from '../host.ts';
import type { Display } from '../options/output.ts';
import { createPlainRenderer } from './plain.ts';
import { createQuietRenderer } from './quiet.ts';
import type { Renderer } from './renderer.ts';
import { logFilter } from './wording.ts';

/**
 * `auto` is bars for a person at a capable terminal, lines for everybody else.
 * @throws OcipushError USAGE for bars where there is no terminal
 */
export async function chooseRenderer(
  { style, logLevel }: Display,
  { stderr, environment }: Pick<Host, 'stderr' | 'environment'>,
): Promise<Renderer> {
  const write = (text: string) => void stderr.write(text);
  const logOf = logFilter(logLevel);
  if (style === 'none') return createQuietRenderer(write, logOf);
  if (style === 'json') {
    const { createJsonRenderer } = await import('./json.ts');
    return createJsonRenderer(write, logOf);
  }
  if (style === 'tty' && !isTerminal(stderr)) {
    throw new OcipushError('USAGE', '--progress=tty needs a terminal on standard error', {
      origin: 'usage',
      hint: 'use --progress=auto, which draws bars where it can',
    });
  }
  const mayDraw = style === 'tty' || (style === 'auto' && wantsBars(environment));
  if (!mayDraw || !isTerminal(stderr)) return createPlainRenderer(write, logOf);
  const { createTtyRenderer } = await import('./tty.ts');
  return createTtyRenderer(stderr, logOf);
}

/** Without a width there is no room for a bar. */
function isTerminal(stream: Host['stderr']): stream is WriteStream {
  return 'isTTY' in stream && stream.isTTY && stream.columns > 0;
}

/** no-color.org; a terminal that cannot move its cursor; a log that somebody reads later. */
function wantsBars(environment: NodeJS.ProcessEnv): boolean {
  return !environment['NO_COLOR'] && environment['TERM'] !== 'dumb' && !environment['CI'];
}
