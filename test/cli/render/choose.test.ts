import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { chooseRenderer } from '../../../src/cli/render/choose.ts';
import { LAYER } from './events.ts';
import { createScreen } from './screen.ts';

describe('chooseRenderer', () => {
  test.each<[quiet: boolean, columns: number, environment: NodeJS.ProcessEnv, style: string]>([
    [false, 80, {}, 'bars'],
    [false, 80, { TERM: 'xterm', NO_COLOR: '', CI: '' }, 'bars'],
    [false, 80, { NO_COLOR: '1' }, 'lines'],
    [false, 80, { CI: 'true' }, 'lines'],
    [false, 80, { TERM: 'dumb' }, 'lines'],
    [false, 0, {}, 'lines'],
    [true, 80, {}, 'nothing'],
  ])('quiet %s, %d columns, %j: %s', async (quiet, columns, environment, style) => {
    const screen = createScreen(columns);
    const renderer = await chooseRenderer(quiet, { stderr: screen.stream, environment });
    renderer.event({ kind: 'blob-start', role: 'layer', digest: LAYER, size: 1 });
    const text = screen.lines().join('\n');
    renderer.close();
    const seen = text.includes('[-') ? 'bars' : text.includes(LAYER) ? 'lines' : 'nothing';
    expect(seen).toBe(style);
  });

  test('a pipe gets lines', async () => {
    const stderr = new PassThrough({ encoding: 'utf8' });
    const renderer = await chooseRenderer(false, { stderr, environment: {} });
    renderer.event({ kind: 'writing-manifest', of: 'image' });
    expect(stderr.read()).toBe('Writing manifest to image destination\n');
  });
});
