/** Progress for logs and pipes: a line per step, two per blob, and a summary now and then. */
import { formatDuration } from '../go-values.ts';
import { formatSize, formatSpeed } from './bar.ts';
import type { LogFilter, Renderer, Write } from './renderer.ts';
import { Tally, type Totals } from './tally.ts';
import { blobEndLine, line, logLine, stepLine } from './wording.ts';

/** Milliseconds between two summaries. */
const INTERVAL = 30_000;

/** @param now milliseconds since the epoch */
export function createPlainRenderer(write: Write, logOf: LogFilter, now = Date.now): Renderer {
  const tally = new Tally(now);
  const summary = new Summary(now);
  const timer = setInterval(() => {
    if (tally.inFlight.size > 0) write(summary.next(tally.totals()));
  }, INTERVAL);
  // The push is what the process lives for.
  timer.unref();
  return {
    event(event) {
      const ended = tally.follow(event);
      if (event.kind === 'blob-total') summary.begin(tally.totals());
      if (event.kind === 'blob-start') {
        write(line(`Copying ${event.role === 'layer' ? 'blob' : 'config'} ${event.digest}`));
      } else if (event.kind === 'blob-done' && ended !== undefined) {
        write(blobEndLine(event.digest, event.stored, ended, now() - ended.since));
      }
      const entry = logOf(event);
      const text = entry === undefined ? stepLine(event) : logLine(entry, new Date(now()));
      if (text !== undefined) write(text);
    },
    close() {
      clearInterval(timer);
    },
  };
}

/** How far all of it has come, how fast it went since last time, and how long it may still take. */
class Summary {
  readonly #now: () => number;
  #begin = 0;
  #last = { time: 0, sent: 0 };

  constructor(now: () => number) {
    this.#now = now;
  }

  begin({ sent }: Totals): void {
    this.#begin = this.#now();
    this.#last = { time: this.#begin, sent };
  }

  next({ blobs, blobsDone, size, done, sent }: Totals): string {
    const time = this.#now();
    const speed = formatSpeed(sent - this.#last.sent, time - this.#last.time);
    this.#last = { time, sent };
    const left = done > 0 ? (Math.max(0, size - done) / done) * (time - this.#begin) : undefined;
    const estimate = left === undefined ? '' : `, ${formatDuration(roundedUp(left))} left`;
    return line(
      `Copied ${blobsDone} of ${blobs} blobs, ${formatSize(done)} of ${formatSize(size)}, ${speed}${estimate}`,
    );
  }
}

/** An estimate is no better than to the second. */
function roundedUp(milliseconds: number): number {
  return Math.ceil(milliseconds / 1000) * 1000;
}
