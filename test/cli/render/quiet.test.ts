import { describe, expect, test } from 'vitest';
import { createQuietRenderer } from '../../../src/cli/render/quiet.ts';
import { logFilter } from '../../../src/cli/render/wording.ts';
import { EVERY_EVENT } from './events.ts';

const TIME = '2026-11-20T15:08:40Z';

const DEBUG = `time="${TIME}" level=debug msg="GET https://r.test/"\n`;
const WARNINGS = `time="${TIME}" level=warning msg="a \\"warning\\"\\x1b[2J\\nof two lines"
time="${TIME}" level=warning msg="Failed, retrying in 1s ... (1/3). Error: connection reset\\r"
`;

describe('createQuietRenderer', () => {
  test.each([
    ['trace', WARNINGS + DEBUG],
    ['debug', WARNINGS + DEBUG],
    ['info', WARNINGS],
    ['warning', WARNINGS],
    ['error', ''],
    ['panic', ''],
  ] as const)('prints what is logged at level %s only', (level, expected) => {
    const written: string[] = [];
    const write = (text: string): void => void written.push(text);
    const renderer = createQuietRenderer(write, logFilter(level), () => Date.parse(TIME));
    for (const event of EVERY_EVENT) renderer.event(event);
    renderer.close();
    expect(written.join('')).toBe(expected);
  });
});
