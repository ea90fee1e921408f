/** Flags about what a push prints, and what it leaves behind on this machine. */
import type { Command } from 'commander';
import { OcipushError } from '../../errors.ts';
import { goQuote } from '../escape.ts';
import { LEVEL_NAMES, parseLogLevel, type LogLevel } from '../log-level.ts';
import { addBooleanFlag, addTextFlag, addValueFlag } from '../flags.ts';

/** What standard output gets when all is done. */
export type OutputFormat = 'json' | 'digest' | 'reference';

/** The flags as typed. */
export interface OutputFlags {
  readonly digestfile?: string;
  readonly dryRun?: boolean;
  readonly logLevel?: LogLevel;
  readonly output?: OutputFormat;
  readonly progress?: ProgressStyle;
  readonly quiet?: boolean;
}

export interface OutputOptions {
  /** Where the digest of the pushed manifest goes. */
  readonly digestFile: string | undefined;
  /** Unset: nothing, or the plan of a dry run in words. */
  readonly format: OutputFormat | undefined;
  readonly display: Display;
}

/** How a push is shown on standard error while it runs; `auto` is what fits there. */
export type ProgressStyle = (typeof PROGRESS_STYLES)[number];

const PROGRESS_STYLES = ['auto', 'tty', 'plain', 'json', 'none'] as const;

/** What goes to standard error while a push runs. */
export interface Display {
  readonly style: ProgressStyle;
  readonly logLevel: LogLevel;
}

const FORMATS: readonly OutputFormat[] = ['json', 'digest', 'reference'];

export function addOutputFlags(command: Command): void {
  addTextFlag(
    command,
    '--digestfile <path>',
    'Write the digest of the pushed image to this file, once the push has succeeded',
  );
  addBooleanFlag(command, '--dry-run', 'Print what the push would do, and why, and do nothing');
  addLogLevelFlag(command);
  addValueFlag(
    command,
    '--output <format>',
    'Print the result on standard output: json, digest or reference',
    { convert: parseFormat, values: FORMATS },
  );
  addValueFlag(
    command,
    '--progress <style>',
    'Show progress on standard error as auto, tty (bars), plain (lines), json (an object a line) or none',
    { convert: parseStyle, shownDefault: 'auto', values: PROGRESS_STYLES },
  );
  addBooleanFlag(command, '-q, --quiet', 'Print nothing but warnings and errors');
}

/** A flag of the program itself as well, where podman has it. */
export function addLogLevelFlag(command: Command): void {
  addValueFlag(
    command,
    '--log-level <level>',
    `Log what is at least as grave: ${LEVEL_NAMES.join(', ')}`,
    { convert: parseLogLevel, shownDefault: 'warn', values: LEVEL_NAMES },
  );
}

/** @throws OcipushError USAGE */
export function parseOutputOptions(flags: OutputFlags): OutputOptions {
  const { digestfile, dryRun, logLevel = 'warning', output } = flags;
  if (dryRun && digestfile) {
    throw new OcipushError('USAGE', '--digestfile may not be used with --dry-run', {
      origin: 'usage',
      hint: 'print the digest instead, where it is known: --output digest',
    });
  }
  const display = { style: styleOf(flags), logLevel };
  return { digestFile: digestfile || undefined, format: output, display };
}

/** A dry run has nothing to watch. */
function styleOf({ dryRun, progress = 'auto', quiet }: OutputFlags): ProgressStyle {
  if (quiet && progress !== 'auto' && progress !== 'none') {
    throw new OcipushError('USAGE', `--quiet may not be used with --progress=${progress}`, {
      origin: 'usage',
    });
  }
  return progress === 'auto' && (quiet || dryRun) ? 'none' : progress;
}

/** @throws OcipushError USAGE */
function parseStyle(text: string): ProgressStyle {
  const style = PROGRESS_STYLES.find((each) => each === text);
  if (style !== undefined) return style;
  throw new OcipushError('USAGE', `unknown progress style ${goQuote(text)}`, {
    origin: 'usage',
    hint: `the styles are ${PROGRESS_STYLES.join(', ')}`,
  });
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
