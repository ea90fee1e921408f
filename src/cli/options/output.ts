/** Flags about what a push leaves behind on this machine. */
import type { Command } from 'commander';
import { addBooleanFlag, addTextFlag } from '../flags.ts';

/** The flags as typed. */
export interface OutputFlags {
  readonly digestfile?: string;
  readonly quiet?: boolean;
}

export interface OutputOptions {
  /** Where the digest of the pushed manifest goes. */
  readonly digestFile: string | undefined;
  /** Whether only warnings and errors are printed. */
  readonly quiet: boolean;
}

export function addOutputFlags(command: Command): void {
  addTextFlag(
    command,
    '--digestfile <path>',
    'Write the digest of the pushed image to this file, once the push has succeeded',
  );
  addBooleanFlag(command, '-q, --quiet', 'Print nothing but warnings and errors');
}

export function parseOutputOptions(flags: OutputFlags): OutputOptions {
  return { digestFile: flags.digestfile || undefined, quiet: flags.quiet ?? false };
}
