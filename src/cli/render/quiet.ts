/** `--quiet`: nothing but warnings. */
import type { Renderer, Write } from './renderer.ts';
import { logLine, warningOf } from './wording.ts';

export function createQuietRenderer(write: Write, now = () => new Date()): Renderer {
  return {
    event(event) {
      const warning = warningOf(event);
      if (warning !== undefined) write(logLine(warning, now()));
    },
    close() {},
  };
}
