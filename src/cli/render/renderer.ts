/** What all ways to show a push have in common. */
import type { ProgressEvent } from '../../push/progress.ts';
import type { LogLevel } from '../log-level.ts';

/** What the command itself has to say of the push, beside the push. */
export interface LogEvent {
  readonly kind: 'log';
  readonly level: LogLevel;
  readonly message: string;
}

export type RenderedEvent = ProgressEvent | LogEvent;

export interface Renderer {
  event(event: RenderedEvent): void;
  /** Shows what the push has failed with; where it is missing, an error is text like any other. */
  fail?(error: unknown): void;
  /** Takes down what is still on display; nothing is shown afterwards. */
  close(): void;
}

/** Where text goes. */
export type Write = (text: string) => void;

/** What an event logs, if that is to be shown. */
export type LogFilter = (event: RenderedEvent) => LogEvent | undefined;
