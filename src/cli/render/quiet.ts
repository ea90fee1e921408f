/** `--quiet` and `--progress=none`: nothing but what is logged. */
import type { LogFilter, Renderer, Write } from './renderer.ts';
import { logLine } from './wording.ts';

export function createQuietRenderer(write: Write, logOf: LogFilter, now = Date.now): Renderer {
  return {
    event(event) {
      const entry = logOf(event);
      if (entry !== undefined) write(logLine(entry, new Date(now())));
    },
    close() {},
  };
}
