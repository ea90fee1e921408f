/** Progress for a person: a bar for each blob in flight below the lines of what is done. */
import type { WriteStream } from 'node:tty';
import ora from 'ora';
import type { Digest } from '../../image/digest.ts';
import type { ProgressEvent } from '../../push/progress.ts';
import { barLine, blobLabel } from './bar.ts';
import type { Renderer } from './renderer.ts';
import { line, stepLine, warningOf } from './wording.ts';

/** Between two drawings of the bars, in milliseconds. */
const INTERVAL = 100;

/** ora ends what it draws with two blanks. */
const MARGIN = 2;

interface Blob {
  readonly role: 'layer' | 'config';
  readonly size: number;
  readonly since: number;
  done: number;
}

/** @param now milliseconds; what speeds are measured with */
export function createTtyRenderer(stream: WriteStream, now = Date.now): Renderer {
  const begin = now();
  const blobs = new Map<Digest, Blob>();
  const bars = () => {
    const width = stream.columns - MARGIN;
    return Array.from(blobs, ([digest, { role, size, since, done }]) =>
      barLine({ label: blobLabel(role, digest), size, done, milliseconds: now() - since }, width),
    ).join('\n');
  };
  const drawing = ora({
    stream,
    prefixText: bars,
    spinner: { interval: INTERVAL, frames: [''] },
    color: false,
    isEnabled: true,
    discardStdin: false,
  });
  return {
    event(event) {
      const text =
        follow(event, blobs, now) ?? stepLine(event) ?? warningLine(event, now() - begin);
      // ora watches the stream: it draws the bars anew below what is written here.
      if (text !== undefined) stream.write(text);
      if (blobs.size > 0) drawing.start();
      else if (drawing.isSpinning) drawing.stop();
    },
    close() {
      blobs.clear();
      if (drawing.isSpinning) drawing.stop();
    },
  };
}

/** Keeps `blobs` to what is in flight; returns the line of a blob that is done. */
function follow(
  event: ProgressEvent,
  blobs: Map<Digest, Blob>,
  now: () => number,
): string | undefined {
  if (event.kind === 'blob-start') {
    blobs.set(event.digest, { role: event.role, size: event.size, since: now(), done: 0 });
  } else if (event.kind === 'blob-bytes') {
    const blob = blobs.get(event.digest);
    if (blob) blob.done += event.count;
  } else if (event.kind === 'blob-done') {
    const role = blobs.get(event.digest)?.role ?? 'layer';
    blobs.delete(event.digest);
    // As in podman, what was skipped bears the name it has at the destination.
    if (event.stored.how === 'uploaded') return line(`${blobLabel(role, event.digest)} done`);
    return line(`${blobLabel(role, event.stored.digest)} skipped: already exists`);
  } else if (event.kind === 'retry' && event.what === 'push') {
    blobs.clear();
  }
  return undefined;
}

/** A warning as podman (logrus) shows it to a person: with the seconds since the start. */
function warningLine(event: ProgressEvent, milliseconds: number): string | undefined {
  const warning = warningOf(event);
  if (warning === undefined) return undefined;
  return line(`WARN[${String(Math.floor(milliseconds / 1000)).padStart(4, '0')}] ${warning}`);
}
