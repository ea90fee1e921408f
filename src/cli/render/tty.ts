/** Progress for a person: a bar for each blob in flight below the lines of what is done. */
import type { WriteStream } from 'node:tty';
import ora from 'ora';
import { barLine, blobLabel } from './bar.ts';
import type { LogEvent, LogFilter, RenderedEvent, Renderer } from './renderer.ts';
import { Tally, type BlobInFlight } from './tally.ts';
import { line, stepLine } from './wording.ts';

/** Between two drawings of the bars, in milliseconds. */
const INTERVAL = 100;

/** ora ends what it draws with two blanks. */
const MARGIN = 2;

/** @param now milliseconds since the epoch; what speeds are measured with */
export function createTtyRenderer(stream: WriteStream, logOf: LogFilter, now = Date.now): Renderer {
  const begin = now();
  const tally = new Tally(now);
  let drawn: readonly string[] = [];
  const bars = () => {
    const width = stream.columns - MARGIN;
    drawn = Array.from(tally.inFlight, ([digest, { role, since, ...counts }]) =>
      barLine({ ...counts, label: blobLabel(role, digest), milliseconds: now() - since }, width),
    );
    return drawn.join('\n');
  };
  const drawing = ora({
    stream,
    prefixText: bars,
    spinner: { interval: INTERVAL, frames: [''] },
    color: false,
    isEnabled: true,
    discardStdin: false,
  });
  // ora knows the lines that it has drawn, not those that they were wrapped into since.
  const takeDownWrapped = () => {
    const rows = drawn.map(({ length }) => Math.ceil((length + MARGIN) / stream.columns) - 1);
    const extra = rows.reduce((sum, count) => sum + count, 0);
    if (drawing.isSpinning && extra > 0) stream.write(`\u001B[${extra}A\u001B[J`);
  };
  stream.on('resize', takeDownWrapped);
  return {
    event(event) {
      const ended = tally.follow(event);
      const entry = logOf(event);
      const text =
        entry === undefined
          ? (stepLine(event) ?? endLine(event, ended))
          : logText(entry, now() - begin);
      // ora watches the stream: it draws the bars anew below what is written here.
      if (text !== undefined) stream.write(text);
      if (tally.inFlight.size > 0) drawing.start();
      else if (drawing.isSpinning) drawing.stop();
    },
    close() {
      stream.off('resize', takeDownWrapped);
      if (drawing.isSpinning) drawing.stop();
    },
  };
}

function endLine(event: RenderedEvent, ended: BlobInFlight | undefined): string | undefined {
  if (event.kind !== 'blob-done') return undefined;
  const role = ended?.role ?? 'layer';
  // As in podman, what was skipped bears the name it has at the destination.
  if (event.stored.how === 'uploaded') return line(`${blobLabel(role, event.digest)} done`);
  return line(`${blobLabel(role, event.stored.digest)} skipped: already exists`);
}

/** A message as podman (logrus) shows it to a person: with the seconds since the start. */
function logText({ level, message }: LogEvent, milliseconds: number): string {
  const seconds = String(Math.floor(milliseconds / 1000)).padStart(4, '0');
  return line(`${level.slice(0, 4).toUpperCase()}[${seconds}] ${message}`);
}
