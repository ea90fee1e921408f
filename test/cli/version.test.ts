import { expect, test } from 'vitest';
import { asksForVersion } from '../../src/cli/version.ts';

test.each<[boolean, readonly string[]]>([
  [true, ['--version']],
  [true, ['-v']],
  [false, []],
  [false, ['--version', 'push']],
  [false, ['push', '--version']],
  [false, ['--version=false']],
])('%s for %j', (expected, argv) => {
  expect(asksForVersion(argv)).toBe(expected);
});
