/** A terminal as far as the renderers use one: what was written, and what is to be seen. */
import { clearLine, cursorTo, moveCursor } from 'node:readline';
import { Writable } from 'node:stream';
import type { WriteStream } from 'node:tty';

/** The parts of what is written that move or clear: the rest is text. */
// oxlint-disable-next-line no-control-regex -- it is what terminals are driven with
const CONTROL = /(\n|\u001B\[\??\d*[A-Za-z])/;

export interface Screen {
  readonly stream: WriteStream;
  /** Everything written so far. */
  written(): string;
  /** The lines on display, without blanks at their ends. */
  lines(): string[];
}

export function createScreen(columns: number): Screen {
  let written = '';
  const stream: Writable = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      written += chunk;
      done();
    },
  });
  const terminal = Object.assign(stream, {
    isTTY: true,
    columns,
    rows: 24,
    cursorTo: (column: number) => cursorTo(stream, column),
    moveCursor: (right: number, down: number) => moveCursor(stream, right, down),
    clearLine: (direction: -1 | 0 | 1) => clearLine(stream, direction),
  });
  return {
    stream: terminal as unknown as WriteStream,
    written: () => written,
    lines: () => display(written),
  };
}

function display(written: string): string[] {
  const lines = [''];
  let row = 0;
  let column = 0;
  for (const part of written.split(CONTROL)) {
    const line = lines[row] ?? '';
    if (part === '\n') [row, column] = [row + 1, 0];
    else if (part === '\u001B[1G') column = 0;
    else if (part === '\u001B[1A') row -= 1;
    else if (part === '\u001B[0K') lines[row] = line.slice(0, column);
    else if (!part.startsWith('\u001B')) {
      lines[row] = line.slice(0, column).padEnd(column) + part + line.slice(column + part.length);
      column += part.length;
    }
    lines[row] ??= '';
  }
  return lines.map((line) => line.trimEnd());
}
