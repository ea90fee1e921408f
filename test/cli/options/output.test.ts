import { describe, expect, test } from 'vitest';
import { parseOutputOptions, type OutputFlags } from '../../../src/cli/options/output.ts';

describe('parseOutputOptions', () => {
  test.each<[flags: OutputFlags, options: object]>([
    [{}, { digestFile: undefined, quiet: false }],
    [
      { digestfile: 'd', quiet: true },
      { digestFile: 'd', quiet: true },
    ],
    [
      { digestfile: '', quiet: false },
      { digestFile: undefined, quiet: false },
    ],
  ])('%j', (flags, options) => {
    expect(parseOutputOptions(flags)).toEqual(options);
  });
});
