import { describe, expect, test } from 'vitest';
import { parseOutputOptions, type OutputFlags } from '../../../src/cli/options/output.ts';

const DEFAULTS: OutputFlags = { logLevel: 'warning', progress: 'auto' };

describe('parseOutputOptions', () => {
  test.each<[flags: Partial<OutputFlags>, digestFile: string | undefined, style: string]>([
    [{}, undefined, 'auto'],
    [{ digestfile: 'd', quiet: true }, 'd', 'none'],
    [{ digestfile: '', quiet: false }, undefined, 'auto'],
    [{ progress: 'json' }, undefined, 'json'],
    [{ progress: 'none', quiet: true }, undefined, 'none'],
    [{ dryRun: true }, undefined, 'none'],
    [{ dryRun: true, progress: 'json' }, undefined, 'json'],
  ])('%j', (flags, digestFile, style) => {
    expect(parseOutputOptions({ ...DEFAULTS, ...flags })).toEqual({
      digestFile,
      format: undefined,
      display: { style, logLevel: 'warning' },
    });
  });

  test.each(['tty', 'plain', 'json'] as const)('--quiet is not --progress=%s', (progress) => {
    expect(() => parseOutputOptions({ ...DEFAULTS, quiet: true, progress })).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        message: `--quiet may not be used with --progress=${progress}`,
      }),
    );
  });
});
