/** `--progress=json`: an object a line, for programs that watch a push. */
import { harmlessJson } from '../escape.ts';
import { errorReport, retryReport } from '../../push/report.ts';
import type { LogFilter, RenderedEvent, Renderer, Write } from './renderer.ts';
import { Tally } from './tally.ts';

/** Milliseconds between two words on how far blobs have come. */
const INTERVAL = 1000;

/** @param now milliseconds since the epoch */
export function createJsonRenderer(write: Write, logOf: LogFilter, now = Date.now): Renderer {
  const tally = new Tally(now);
  const put = (event: string, members: object): void => {
    const time = new Date(now()).toISOString();
    write(`${harmlessJson({ event, time, ...members })}\n`);
  };
  const timer = setInterval(() => {
    for (const [digest, { size, done, sent }] of tally.inFlight) {
      put('blob-progress', { digest, size, done, sent });
    }
  }, INTERVAL);
  // The push is what the process lives for.
  timer.unref();
  return {
    event(event) {
      const ended = tally.follow(event);
      const entry = logOf(event);
      if (event.kind === 'blob-done') {
        const { digest, stored } = event;
        const { sent = 0, since = now() } = ended ?? {};
        put('blob-done', {
          digest,
          result: stored.how,
          stored: { digest: stored.digest, size: stored.size },
          sent,
          milliseconds: now() - since,
        });
      } else if (event.kind === 'retry') {
        put('retry', retryReport(event));
      } else if (entry !== undefined) {
        put('log', { level: entry.level, message: entry.message });
      } else if (isStep(event)) {
        const { kind, ...members } = event;
        put(kind, members);
      }
    },
    fail(error) {
      const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
      for (const each of errors) put('error', errorReport(each));
    },
    close() {
      clearInterval(timer);
    },
  };
}

/** Events whose members are plain values, and few. */
function isStep({ kind }: RenderedEvent): boolean {
  return !['blob-bytes', 'blob-sent', 'warning', 'log'].includes(kind);
}
