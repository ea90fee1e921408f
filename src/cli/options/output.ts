/** Flags about what a push prints, and what it leaves behind on this machine. */
import type { Command } from 'commander';
import { OcipushError } from '../../errors.ts';
import { goQuote } from '../escape.ts';
import { addBooleanFlag, addTextFlag, addValueFlag } from '../flags.ts';

/** What standard output gets when all is done. */
export type OutputFormat = 'json' | 'digest' | 'reference';

/** The flags as typed. */
export interface OutputFlags {
  readonly digestfile?: string;
  readonly dryRun?: boolean;
  readonly output?: OutputFormat;
  readonly quiet?: boolean;
}

export interface OutputOptions {
  /** Where the digest of the pushed manifest goes. */
  readonly digestFile: string | undefined;
  /** Unset: nothing, or the plan of a dry run in words. */
  readonly format: OutputFormat | undefined;
  /** Whether only warnings and errors are printed. */
  readonly quiet: boolean;
}

const FORMATS: readonly OutputFormat[] = ['json', 'digest', 'reference'];

export function addOutputFlags(command: Command): void {
  addTextFlag(
    command,
    '--digestfile <path>',
    'Write the digest of the pushed image to this file, once the push has succeeded',
  );
  addBooleanFlag(command, '--dry-run', 'Print what the push would do, and why, and do nothing');
  addValueFlag(
    command,
    '--output <format>',
    'Print the result on standard output: json, digest or reference',
    { convert: parseFormat },
  );
  addBooleanFlag(command, '-q, --quiet', 'Print nothing but warnings and errors');
}

/** @throws OcipushError USAGE */
export function parseOutputOptions(flags: OutputFlags): OutputOptions {
  const { digestfile, dryRun, output, quiet } = flags;
  if (dryRun && digestfile) {
    throw new OcipushError('USAGE', '--digestfile may not be used with --dry-run', {
      origin: 'usage',
      hint: 'print the digest instead, where it is known: --output digest',
    });
  }
  return { digestFile: digestfile || undefined, format: output, quiet: quiet ?? false };
}

/** @throws OcipushError USAGE */
function parseFormat(text: string): OutputFormat {
  const format = FORMATS.find((each) => each === text);
  if (format !== undefined) return format;
  throw new OcipushError('USAGE', `unknown output format ${goQuote(text)}`, {
    origin: 'usage',
    hint: `the formats are ${FORMATS.join(', ')}`,
  });
}
