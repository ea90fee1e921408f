/** Progress events in podman's words. */
import type { SignatureFormat } from '../../image/signature.ts';
import type { ProgressEvent } from '../../push/progress.ts';
import { escapeControls, goQuote } from '../escape.ts';
import { formatDuration } from '../go-values.ts';

const SIGNING: Readonly<Record<SignatureFormat, string>> = {
  'simple-signing': 'simple signing',
  sigstore: 'a sigstore signature',
};

/** The line of an event that every display of progress shows; undefined for blobs and warnings. */
export function stepLine(event: ProgressEvent): string | undefined {
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
    case 'blob-start':
    case 'blob-bytes':
    case 'blob-done':
    case 'resume':
    case 'retry':
    case 'warning':
      break;
  }
  return undefined;
}

const FAILED = { push: 'Failed', request: 'A request failed' } as const;

/** What an event warns of; undefined when it does not. */
export function warningOf(event: ProgressEvent): string | undefined {
  if (event.kind === 'warning') return event.message;
  if (event.kind === 'resume') {
    return `Resuming the upload of ${event.blob ?? 'a blob'} at byte ${event.offset}`;
  }
  if (event.kind !== 'retry') return undefined;
  const delay = formatDuration(event.delayMilliseconds);
  const subject = event.what === 'blob' ? `Blob ${event.blob} failed` : FAILED[event.what];
  const count = `(${event.attempt}/${event.of})`;
  return `${subject}, retrying in ${delay} ... ${count}. Error: ${event.error.message}`;
}

/** A warning as podman (logrus) logs it where nobody watches. */
export function logLine(warning: string, now: Date): string {
  const time = now.toISOString().replace(/\.\d+Z$/, 'Z');
  return `time="${time}" level=warning msg=${goQuote(warning)}\n`;
}

/** Text as one line that no terminal acts on. */
export function line(text: string): string {
  return `${escapeControls(text)}\n`;
}
