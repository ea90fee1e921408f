/** What a person reads when a command has failed. */
import { messageOf, OcipushError, shortened } from '../errors.ts';
import { escapeControls } from './escape.ts';

/** Stands for an error that has been shown in another way than as text. */
export class ShownError extends Error {
  override readonly name = 'ShownError';

  constructor(cause: unknown) {
    super('this error has been shown', { cause });
  }
}

/**
 * Lines for standard error: the message, then the hint and the help that explains a mistyped flag
 * where there are such.
 */
export function errorText(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(errorText).join('');
  const lines = [`Error: ${shortened(messageOf(error))}`];
  if (error instanceof OcipushError) {
    if (error.hint !== undefined) lines.push(`Hint: ${error.hint}`);
    if (error.code === 'USAGE' && 'help' in error.context) {
      lines.push(`See '${error.context['help']}'`);
    }
  }
  return lines.map((line) => `${escapeControls(line)}\n`).join('');
}
