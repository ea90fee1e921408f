/** The results of a push as standard output gets them, for programs and for people. */
import type { BlobReport, PushResult } from '../../push/options.ts';
import type { PushOutcome } from '../../push/push.ts';
import { reportOf, sentBytes, type PushNotes } from '../../push/report.ts';
import { harmlessJson } from '../escape.ts';
import type { OutputFormat } from '../options/output.ts';
import { formatSize } from './bar.ts';
import { line } from './wording.ts';

/** One object for all destinations. */
export function jsonResult(outcomes: readonly PushOutcome[], notes: PushNotes): string {
  return `${harmlessJson(reportOf(outcomes, notes), 2)}\n`;
}

/** The line that a script reads for each destination that was reached. */
export function lineResult(
  format: Exclude<OutputFormat, 'json'>,
  outcomes: readonly PushOutcome[],
): string {
  const results = outcomes.flatMap((outcome) =>
    outcome.status === 'fulfilled' ? [outcome.value] : [],
  );
  if (format === 'reference') return results.map(({ reference }) => line(reference)).join('');
  return results.flatMap(({ digest }) => (digest === undefined ? [] : [line(digest)])).join('');
}

/** What a dry run has found out, for people. */
export function planText(result: PushResult): string {
  const { reference, digest, mediaType, blobs, requests, status } = result;
  const sent = blobs.filter(({ how }) => how === 'uploaded');
  const bytes = sent.reduce((sum, blob) => sum + sentBytes(blob), 0);
  const unknown = blobs.some(({ isEncrypted }) => isEncrypted)
    ? 'its digest depends on keys that every push makes anew'
    : 'its digest depends on what layers are compressed to';
  const most = sent.some(isUnknown) ? 'at most ' : '';
  const total = `${sent.length} of ${blobs.length} blobs to send, ${most}${formatSize(bytes)}`;
  return [
    `${status === 'unchanged' ? 'Already at' : 'Would push to'} ${reference}`,
    `  manifest ${digest ?? `(${unknown})`} ${mediaType}`,
    ...blobs.map((blob) => `  ${blobText(blob)}`),
    `  ${total}${requests === undefined ? '' : `, about ${requests} requests`}`,
  ]
    .map(line)
    .join('');
}

function blobText(blob: BlobReport): string {
  const { role, descriptor, action, isEncrypted, reason, how } = blob;
  const what = `${role === 'config' ? 'copy' : action}${isEncrypted ? ' and encrypt' : ''}`;
  const fate =
    how === 'uploaded'
      ? `send ${isUnknown(blob) ? 'at most ' : ''}${formatSize(sentBytes(blob))}`
      : { exists: 'is there', mounted: 'link from another repository', referred: 'stays' }[how];
  const why = role === 'config' ? '' : ` (${reason})`;
  return `${role.padEnd(8)} ${descriptor.digest} ${formatSize(descriptor.size)}: ${what}${why}, ${fate}`;
}

function isUnknown({ stored }: BlobReport): boolean {
  return stored === undefined;
}
