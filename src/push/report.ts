/** The results of a push as data for other programs: what `--output json` prints. */
import type { RepositoryName } from '../image/blob.ts';
import type { Digest } from '../image/digest.ts';
import { messageOf, OcipushError, type ErrorCode, type ErrorOrigin } from '../errors.ts';
import type { LayerAction } from './layers.ts';
import type { BlobReport, PushResult, SignatureReport } from './options.ts';
import type { ProgressEvent } from './progress.ts';
import type { PushOutcome } from './push.ts';

/** Members are only ever added. What is not known, or does not apply, is null. */
export interface PushReport {
  /** In the order in which they were named. */
  readonly destinations: readonly DestinationReport[];
  readonly warnings: readonly string[];
  readonly retries: readonly RetryReport[];
}

export type DestinationReport = ReachedReport | FailedReport;

/** A destination that has the image now, or would have. */
export interface ReachedReport {
  /** As it can be typed again. */
  readonly reference: string;
  readonly status: PushResult['status'];
  /** Of the manifest or list. */
  readonly digest: Digest | null;
  readonly mediaType: string;
  /** Bytes of the manifest or list. */
  readonly size: number | null;
  /** Bytes of blobs that were sent, or would be. */
  readonly bytes: number;
  /** Requests that a plan takes; there only for a plan, and only at a registry. */
  readonly requests?: number;
  /** Those that were stored. */
  readonly signatures: readonly SignatureReport[];
  /** Empty when the destination had the whole image already. */
  readonly blobs: readonly BlobEntry[];
}

export interface BlobEntry {
  readonly role: BlobReport['role'];
  readonly source: { readonly digest: Digest; readonly size: number; readonly mediaType: string };
  readonly action: LayerAction;
  /** After that. */
  readonly encrypted: boolean;
  /** Why that action, in half a sentence. */
  readonly reason: string;
  readonly result: BlobReport['how'];
  /** At the destination. */
  readonly digest: Digest | null;
  readonly size: number | null;
  /** Sent for this blob, also what was sent again; of a plan at most so many. */
  readonly bytes: number;
  readonly milliseconds: number | null;
  /** `host[:port]` of the registry that it was uploaded to, or has it. */
  readonly registry: string | null;
  /** `host[:port]/path` of the repository that it is linked from. */
  readonly mountedFrom: string | null;
}

/** A destination that was not reached. */
export interface FailedReport {
  readonly reference: string;
  readonly status: 'failed';
  readonly error: ErrorReport;
}

export interface ErrorReport {
  /** Null for what only a defect of the program can cause. */
  readonly code: ErrorCode | null;
  readonly message: string;
  readonly origin: ErrorOrigin | null;
  readonly hint: string | null;
}

/** A repetition after a failure that might pass. */
export interface RetryReport {
  readonly what: 'push' | 'request' | 'blob';
  /** At the source; there for a blob. */
  readonly blob: Digest | null;
  /** 1 for the first. */
  readonly attempt: number;
  readonly of: number;
  readonly delayMilliseconds: number;
  readonly error: ErrorReport;
}

/** What happened beside the outcomes. */
export type PushNotes = Pick<PushReport, 'warnings' | 'retries'>;

export function reportOf(outcomes: readonly PushOutcome[], notes: PushNotes): PushReport {
  const destinations = outcomes.map((outcome): DestinationReport =>
    outcome.status === 'fulfilled'
      ? reached(outcome.value)
      : { reference: outcome.reference, status: 'failed', error: errorReport(outcome.reason) },
  );
  return { destinations, warnings: notes.warnings, retries: notes.retries };
}

export function errorReport(error: unknown): ErrorReport {
  if (!(error instanceof OcipushError)) {
    return { code: null, message: messageOf(error), origin: null, hint: null };
  }
  const { code, message, origin, hint } = error;
  return { code, message, origin: origin ?? null, hint: hint ?? null };
}

export function retryReport(event: RetryEvent): RetryReport {
  const { what, attempt, of, delayMilliseconds, error } = event;
  const blob = (event.what === 'blob' ? event.blob : undefined) ?? null;
  return { what, blob, attempt, of, delayMilliseconds, error: errorReport(error) };
}

type RetryEvent = Extract<ProgressEvent, { readonly kind: 'retry' }>;

/** Bytes that a blob takes on its way; compressed ones are hardly ever more than plain ones. */
export function sentBytes({ how, transfer, stored, descriptor }: BlobReport): number {
  if (transfer !== undefined) return transfer.bytes;
  return how === 'uploaded' ? (stored?.size ?? descriptor.size) : 0;
}

function reached(result: PushResult): ReachedReport {
  const { reference, repository, status, digest, mediaType, size, blobs, requests } = result;
  return {
    reference,
    status,
    digest: digest ?? null,
    mediaType,
    size: size ?? null,
    bytes: blobs.reduce((sum, blob) => sum + sentBytes(blob), 0),
    ...(requests !== undefined && { requests }),
    signatures: result.signatures,
    blobs: blobs.map((blob) => blobEntry(blob, repository)),
  };
}

function blobEntry(blob: BlobReport, repository: RepositoryName | undefined): BlobEntry {
  const { role, descriptor, action, isEncrypted = false, reason, how, stored, transfer } = blob;
  const { digest, size, mediaType } = descriptor;
  const from = transfer?.mountedFrom;
  return {
    role,
    source: { digest, size, mediaType },
    action,
    encrypted: isEncrypted,
    reason,
    result: how,
    digest: stored?.digest ?? null,
    size: stored?.size ?? null,
    bytes: sentBytes(blob),
    milliseconds: transfer?.milliseconds ?? null,
    registry: how === 'referred' ? null : (repository?.registry ?? null),
    mountedFrom: from === undefined ? null : `${from.registry}/${from.path}`,
  };
}
