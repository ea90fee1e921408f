import { describe, expect, test } from 'vitest';
import { createQuietRenderer } from '../../../src/cli/render/quiet.ts';
import { EVERY_EVENT } from './events.ts';

describe('createQuietRenderer', () => {
  test('prints warnings only', () => {
    const written: string[] = [];
    const renderer = createQuietRenderer(
      (text) => written.push(text),
      () => new Date('2026-11-20T15:08:40Z'),
    );
    for (const event of EVERY_EVENT) renderer.event(event);
    renderer.close();
    expect(written.join('')).toBe(
      `time="2026-11-20T15:08:40Z" level=warning msg="a \\"warning\\"\\x1b[2J\\nof two lines"
time="2026-11-20T15:08:40Z" level=warning msg="Failed, retrying in 1s ... (1/3). Error: connection reset\\r"
`,
    );
  });
});
