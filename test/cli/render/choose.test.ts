import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { chooseRenderer } from '../../../src/cli/render/choose.ts';
import type { ProgressStyle } from '../../../src/cli/options/output.ts';
import { LAYER } from './events.ts';
import { createScreen } from './screen.ts';

describe('chooseRenderer', () => {
  test.each<
    [style: ProgressStyle, columns: number, environment: NodeJS.ProcessEnv, expected: string]
  >([
    ['auto', 80, {}, 'bars'],
    ['auto', 80, { TERM: 'xterm', NO_COLOR: '', CI: '' }, 'bars'],
    ['auto', 80, { NO_COLOR: '1' }, 'lines'],
    ['auto', 80, { CI: 'true' }, 'lines'],
    ['auto', 80, { TERM: 'dumb' }, 'lines'],
    ['auto', 0, {}, 'lines'],
    ['tty', 80, { CI: 'true' }, 'bars'],
    ['plain', 80, {}, 'lines'],
    ['json', 80, {}, 'objects'],
    ['none', 80, {}, 'nothing'],
  ])('%s, %d columns, %j: %s', async (style, columns, environment, expected) => {
    const screen = createScreen(columns);
    const display = { style, logLevel: 'warning' } as const;
    const renderer = await chooseRenderer(display, { stderr: screen.stream, environment });
    renderer.event({ kind: 'blob-start', role: 'layer', digest: LAYER, size: 1 });
    const text = screen.lines().join('\n');
    renderer.close();
    const [seen] = Object.entries({ bars: '[-', objects: '{', lines: LAYER, nothing: '' }).find(
      ([, sign]) => text.includes(sign),
    ) ?? [''];
    expect(seen).toBe(expected);
  });

  test('a pipe gets lines', async () => {
    const stderr = new PassThrough({ encoding: 'utf8' });
    const display = { style: 'auto', logLevel: 'warning' } as const;
    const renderer = await chooseRenderer(display, { stderr, environment: {} });
    renderer.event({ kind: 'writing-manifest', of: 'image' });
    expect(stderr.read()).toBe('Writing manifest to image destination\n');
  });

  test.each([
    ['a pipe', new PassThrough()],
    ['a terminal without a width', createScreen(0).stream],
  ])('%s cannot show bars', async (_place, stderr) => {
    const display = { style: 'tty', logLevel: 'warning' } as const;
    await expect(chooseRenderer(display, { stderr, environment: {} })).rejects.toMatchObject({
      code: 'USAGE',
    });
  });
});
