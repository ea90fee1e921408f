/** What the operating system says about a file, in the words of the reference. */
import { messageOf } from '../errors.ts';

/** `no such file or directory` of Node's `ENOENT: no such file or directory, open '/x'`. */
export function systemReason(error: unknown): string {
  const message = messageOf(error);
  const code = systemCode(error) ?? '';
  return message.startsWith(`${code}: `)
    ? message.slice(code.length + 2).replace(/, .*/s, '')
    : message;
}

/** The code of a system error, `ENOENT`; undefined for any other. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}

/** Whether there is nothing at the path. ENOTDIR is the case of a HOME such as /dev/null. */
export function isAbsent(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}
