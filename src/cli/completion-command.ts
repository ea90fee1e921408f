/** `ocipush completion`: scripts for shells, and the names that they offer. */
import { OcipushError } from '../errors.ts';
import { bashScript } from './completion/bash.ts';
import { fishScript } from './completion/fish.ts';
import { outline } from './completion/outline.ts';
import { zshScript } from './completion/zsh.ts';
import { goQuote } from './escape.ts';
import { declareAllFlags } from './flags.ts';
import type { Host } from './host.ts';
import type { CompletionInvocation } from './program.ts';

const SCRIPTS = { bash: bashScript, fish: fishScript, zsh: zshScript } as const;

/**
 * Prints the script for a shell, or the names of images in local container storage.
 * @throws OcipushError USAGE for what is neither; of the storage
 */
export async function completionCommand(
  { what, program }: CompletionInvocation,
  { stdout, environment }: Pick<Host, 'stdout' | 'environment'>,
): Promise<void> {
  if (what === 'images') {
    const { storedNames } = await import('../transports/containers-storage/names.ts');
    const names = await storedNames(environment);
    stdout.write(names.map((name) => `${name}\n`).join(''));
    return;
  }
  if (!isShell(what)) {
    throw new OcipushError('USAGE', `unknown shell ${goQuote(what)}`, {
      origin: 'usage',
      hint: `the shells are ${Object.keys(SCRIPTS).join(', ')}`,
    });
  }
  declareAllFlags(program);
  stdout.write(SCRIPTS[what](outline(program)));
}

function isShell(text: string): text is keyof typeof SCRIPTS {
  return Object.hasOwn(SCRIPTS, text);
}
