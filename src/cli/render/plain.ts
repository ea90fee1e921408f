/** Progress for logs and pipes: podman's lines, one per step and none for bytes. */
import type { Renderer, Write } from './renderer.ts';
import { line, logLine, stepLine, warningOf } from './wording.ts';

export function createPlainRenderer(write: Write, now = () => new Date()): Renderer {
  return {
    event(event) {
      if (event.kind === 'blob-start') {
        write(line(`Copying ${event.role === 'layer' ? 'blob' : 'config'} ${event.digest}`));
        return;
      }
      const warning = warningOf(event);
      const text = warning === undefined ? stepLine(event) : logLine(warning, now());
      if (text !== undefined) write(text);
    },
    close() {},
  };
}
