/** What passes during a push and its report has to tell, too. */
import type { ProgressEvent, ProgressSink } from './progress.ts';
import { retryReport, type PushNotes, type RetryReport } from './report.ts';

/** Notes what passes, and passes it on. */
export class NotingSink implements ProgressSink, PushNotes {
  readonly warnings: string[] = [];
  readonly retries: RetryReport[] = [];
  readonly #next: ProgressSink;

  constructor(next: ProgressSink) {
    this.#next = next;
  }

  event(event: ProgressEvent): void {
    if (event.kind === 'warning') this.warnings.push(event.message);
    if (event.kind === 'retry') this.retries.push(retryReport(event));
    this.#next.event(event);
  }
}
