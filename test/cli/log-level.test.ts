import { describe, expect, test } from 'vitest';
import { isShown, parseLogLevel } from '../../src/cli/log-level.ts';

describe('parseLogLevel', () => {
  test.each([
    ['debug', 'debug'],
    ['warn', 'warning'],
    ['warning', 'warning'],
    ['WARN', 'warning'],
    ['Panic', 'panic'],
  ])('%s', (text, level) => {
    expect(parseLogLevel(text)).toBe(level);
  });

  test('refuses others in the words of podman', () => {
    expect(() => parseLogLevel('foo')).toThrow(
      'Log Level "foo" is not supported, choose from: trace, debug, info, warn, warning, error, fatal, panic',
    );
  });
});

describe('isShown', () => {
  test.each([
    ['warning', 'warning', true],
    ['warning', 'info', true],
    ['warning', 'error', false],
    ['debug', 'trace', true],
    ['debug', 'info', false],
  ] as const)('%s at %s: %s', (level, threshold, expected) => {
    expect(isShown(level, threshold)).toBe(expected);
  });
});
