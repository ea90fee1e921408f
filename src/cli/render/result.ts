/** The results of a push as standard output gets them, for programs and for people. */
import type { BlobReport, PushResult } from '../../push/options.ts';
import type { PushOutcome } from '../../push/push.ts';
import { messageOf, OcipushError } from '../../errors.ts';
import type { OutputFormat } from '../options/output.ts';
import { formatSize } from './bar.ts';
import { line } from './wording.ts';

/** One object for all destinations; the members that are not known are null. */
export function jsonResult(outcomes: readonly PushOutcome[], warnings: readonly string[]): string {
  const destinations = outcomes.map((outcome) =>
    outcome.status === 'fulfilled'
      ? jsonDestination(outcome.value)
      : { reference: outcome.reference, status: 'failed', error: jsonError(outcome.reason) },
  );
  return `${JSON.stringify({ destinations, warnings }, undefined, 2)}\n`;
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
  const bytes = sent.reduce((sum, blob) => sum + movedBytes(blob), 0);
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
      ? `send ${isUnknown(blob) ? 'at most ' : ''}${formatSize(movedBytes(blob))}`
      : { exists: 'is there', mounted: 'link from another repository', referred: 'stays' }[how];
  const why = role === 'config' ? '' : ` (${reason})`;
  return `${role.padEnd(8)} ${descriptor.digest} ${formatSize(descriptor.size)}: ${what}${why}, ${fate}`;
}

/** Compressed bytes are hardly ever more than plain ones. */
function movedBytes({ stored, descriptor }: BlobReport): number {
  return stored?.size ?? descriptor.size;
}

function isUnknown({ stored }: BlobReport): boolean {
  return stored === undefined;
}

function jsonDestination(result: PushResult): object {
  const { reference, status, digest, mediaType, size, blobs, requests } = result;
  return {
    reference,
    status,
    digest: digest ?? null,
    mediaType,
    size: size ?? null,
    bytes: blobs.reduce((sum, blob) => sum + (blob.how === 'uploaded' ? movedBytes(blob) : 0), 0),
    ...(requests !== undefined && { requests }),
    blobs: blobs.map(jsonBlob),
  };
}

function jsonBlob(blob: BlobReport): object {
  const { role, descriptor, action, isEncrypted = false, reason, how, stored } = blob;
  const { digest, size, mediaType } = descriptor;
  return {
    role,
    source: { digest, size, mediaType },
    action,
    encrypted: isEncrypted,
    reason,
    result: how,
    digest: stored?.digest ?? null,
    size: stored?.size ?? null,
  };
}

function jsonError(error: unknown): object {
  if (!(error instanceof OcipushError)) return { message: messageOf(error) };
  const { code, message, origin, hint } = error;
  return { code, message, origin: origin ?? null, hint: hint ?? null };
}
