/** Progress events in podman's words, and in ours where podman says nothing. */
import type { StoredBlob } from '../../image/blob.ts';
import type { Digest } from '../../image/digest.ts';
import type { SignatureFormat } from '../../image/signature.ts';
import { shortened } from '../../errors.ts';
import { escapeControls, goQuote } from '../escape.ts';
import { formatDuration } from '../go-values.ts';
import { isShown, type LogLevel } from '../log-level.ts';
import { formatSize, formatSpeed } from './bar.ts';
import type { LogEvent, LogFilter, RenderedEvent } from './renderer.ts';
import type { BlobInFlight } from './tally.ts';

const SIGNING: Readonly<Record<SignatureFormat, string>> = {
  'simple-signing': 'simple signing',
  sigstore: 'a sigstore signature',
  'sigstore-bundle': 'a sigstore bundle',
};

/** The line of an event that every display of progress shows; undefined for blobs and warnings. */
export function stepLine(event: RenderedEvent): string | undefined {
  switch (event.kind) {
    case 'default-destination':
      return line(`Pushing to ${event.reference}`);
    case 'reading-signatures':
      return line(`Getting image ${event.of === 'list' ? 'list' : 'source'} signatures`);
    case 'list':
      return line(`Copying ${event.copies} images generated from ${event.total} images in list`);
    case 'instance':
      return line(
        `${event.isAdded ? 'Replicating' : 'Copying'} image ${event.digest} (${event.index + 1}/${event.of})`,
      );
    case 'writing-manifest':
      return line(`Writing manifest ${event.of === 'list' ? 'list ' : ''}to image destination`);
    case 'creating-signature': {
      const number = event.number === undefined ? '' : ` ${event.number}`;
      return line(`Creating signature${number}: Signing image using ${SIGNING[event.format]}`);
    }
    case 'storing-signatures':
      return line('Storing signatures');
    case 'referrer':
      return line(`Copying referrer ${event.digest} (${event.type})`);
    case 'unchanged':
      return line('Skipping: image already present at destination');
    case 'blob-total':
    case 'blob-start':
    case 'blob-bytes':
    case 'blob-sent':
    case 'blob-done':
    case 'resume':
    case 'retry':
    case 'warning':
    case 'log':
      break;
  }
  return undefined;
}

const FAILED = { push: 'Failed', request: 'A request failed' } as const;

/** The line of a blob that has come to its end; `milliseconds` since it began. */
export function blobEndLine(
  digest: Digest,
  { how, mountedFrom }: StoredBlob,
  { role, sent }: Pick<BlobInFlight, 'role' | 'sent'>,
  milliseconds: number,
): string {
  const blob = `${role === 'layer' ? 'blob' : 'config'} ${digest}`;
  if (how === 'exists') return line(`Skipped ${blob}: already exists`);
  if (how === 'mounted')
    return line(`Mounted ${blob} from ${mountedFrom?.path ?? 'another repository'}`);
  return line(
    `Copied ${blob}: ${formatSize(sent)} in ${formatDuration(milliseconds)}, ${formatSpeed(sent, milliseconds)}`,
  );
}

/** Lets pass what is at least as grave as `threshold`. */
export function logFilter(threshold: LogLevel): LogFilter {
  return (event) => {
    const entry = logged(event);
    return entry !== undefined && isShown(entry.level, threshold) ? entry : undefined;
  };
}

function logged(event: RenderedEvent): LogEvent | undefined {
  if (event.kind === 'log') return event;
  if (event.kind === 'warning') return { kind: 'log', level: 'warning', message: event.message };
  if (event.kind === 'resume') {
    const message = `Resuming the upload of ${event.blob ?? 'a blob'} at byte ${event.offset}`;
    return { kind: 'log', level: 'warning', message };
  }
  if (event.kind !== 'retry') return undefined;
  const delay = formatDuration(event.delayMilliseconds);
  const subject = event.what === 'blob' ? `Blob ${event.blob} failed` : FAILED[event.what];
  const count = `(${event.attempt}/${event.of})`;
  const message = `${subject}, retrying in ${delay} ... ${count}. Error: ${event.error.message}`;
  return { kind: 'log', level: 'warning', message };
}

/** Writes warnings as {@link logLine} has them, where nothing else is being shown. */
export function warnOn(stream: { write(text: string): unknown }): (message: string) => void {
  return (message) => {
    stream.write(logLine({ kind: 'log', level: 'warning', message }, new Date()));
  };
}

/** A message as podman (logrus) logs it where nobody watches. */
export function logLine({ level, message }: LogEvent, now: Date): string {
  const time = now.toISOString().replace(/\.\d+Z$/, 'Z');
  return `time="${time}" level=${level} msg=${goQuote(shortened(message))}\n`;
}

/** Text as one line of some length, that no terminal acts on. */
export function line(text: string): string {
  return `${escapeControls(shortened(text))}\n`;
}
