/** What passes during a push and its report has to tell, too. */
import type { ProgressEvent, ProgressSink } from './progress.ts';
import { retryReport, type PushNotes, type RetryReport } from './report.ts';

/** Notes what passes, and passes it on; of warnings that say the same, the first. */
export class NotingSink implements ProgressSink, PushNotes {
  readonly warnings: string[] = [];
  readonly retries: RetryReport[] = [];
  readonly #next: ProgressSink;

  constructor(next: ProgressSink) {
    this.#next = next;
  }

  event(event: ProgressEvent): void {
    if (event.kind === 'warning') {
      // Several readers of one file find the same in it.
      if (this.warnings.includes(event.message)) return;
      this.warnings.push(event.message);
    }
    if (event.kind === 'retry') this.retries.push(retryReport(event));
    this.#next.event(event);
  }
}
