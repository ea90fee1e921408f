/** What the process lends to a command. */
import type { Readable } from 'node:stream';
import type { WriteStream } from 'node:tty';

export interface Host {
  readonly environment: NodeJS.ProcessEnv;
  /** Standard input, opened when first asked for. */
  stdin(): Readable;
  /** Whether a person sits at standard input. */
  readonly stdinIsTerminal: boolean;
  readonly stdout: NodeJS.WritableStream;
  /** A terminal when `isTTY`. */
  readonly stderr: NodeJS.WritableStream | WriteStream;
  /** Aborted with an `ABORTED` error when the user wants the command to end. */
  readonly signal: AbortSignal;
}
