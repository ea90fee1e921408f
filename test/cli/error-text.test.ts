import { describe, expect, test } from 'vitest';
import { errorText } from '../../src/cli/error-text.ts';
import { OcipushError } from '../../src/errors.ts';

describe('errorText', () => {
  test.each([
    [new OcipushError('BLOB_UNKNOWN', 'no blob'), 'Error: no blob\n'],
    [
      new OcipushError('REGISTRY_DENIED', 'denied', { hint: 'log in' }),
      'Error: denied\nHint: log in\n',
    ],
    [
      new OcipushError('USAGE', 'unknown flag: --x', { context: { help: 'ocipush push --help' } }),
      `Error: unknown flag: --x\nSee 'ocipush push --help'\n`,
    ],
    [new OcipushError('USAGE', 'too many'), 'Error: too many\n'],
    [new TypeError('a bug'), 'Error: a bug\n'],
    ['thrown text', 'Error: thrown text\n'],
    [
      // A registry must not forge lines or drive the terminal.
      new OcipushError('REGISTRY_STATUS', 'said \u001B]0;x\u0007\nHint: pay', { hint: 'a\rb' }),
      'Error: said \\x1b]0;x\\x07\\nHint: pay\nHint: a\\rb\n',
    ],
  ])('%o', (error, expected) => {
    expect(errorText(error)).toBe(expected);
  });
});
