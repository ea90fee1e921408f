/** Questions to the person at the terminal. */
import { createInterface } from 'node:readline';
import { OcipushError } from '../errors.ts';
import type { Host } from './host.ts';

/** Asks a person for one line; undefined when the input ends first. */
export type Ask = (question: string, echo: 'shown' | 'hidden') => Promise<string | undefined>;

/** {@link askOnInput} where a person sits there; undefined where nobody does. */
export function askAtTerminal(host: Host): Ask | undefined {
  return host.stdinIsTerminal ? (question, echo) => askOnInput(host, question, echo) : undefined;
}

/**
 * Asks on standard error and reads the answer from standard input, whoever writes it; undefined
 * when that ends first.
 * @throws OcipushError ABORTED when the user breaks off
 */
export async function askOnInput(
  host: Host,
  question: string,
  echo: 'shown' | 'hidden',
): Promise<string | undefined> {
  host.signal.throwIfAborted();
  // Without `terminal` the terminal itself echoes and edits; with it and no output, nobody echoes.
  const lines = createInterface({
    input: host.stdin(),
    terminal: echo === 'hidden',
    historySize: 0,
  });
  // Only now that nothing is echoed may an answer come.
  host.stderr.write(question);
  try {
    return await new Promise((resolve, reject) => {
      lines.once('line', resolve);
      lines.once('close', () => resolve(undefined));
      lines.once('SIGINT', () => reject(new OcipushError('ABORTED', 'interrupted')));
      host.signal.addEventListener('abort', () => reject(host.signal.reason), { once: true });
    });
  } finally {
    lines.close();
    if (echo === 'hidden') host.stderr.write('\n');
  }
}
