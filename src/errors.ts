/** The one error class of ocipush, with the closed list of codes that callers branch on. */

/**
 * What went wrong, in terms a program can act on. `ABORTED` carries no message worth printing:
 * the user asked for it.
 */
export type ErrorCode =
  | 'ABORTED'
  | 'ARCHIVE_INVALID'
  | 'BLOB_UNKNOWN'
  | 'CONFIG_INVALID'
  | 'DAEMON_REJECTED'
  | 'DAEMON_UNREACHABLE'
  | 'DIGEST_INVALID'
  | 'DIGEST_MISMATCH'
  | 'FILE_NOT_FOUND'
  | 'FILE_UNREADABLE'
  | 'FILE_UNWRITABLE'
  | 'JSON_INVALID'
  | 'KEY_INVALID'
  | 'LIMIT_EXCEEDED'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_REJECTED'
  | 'POLICY_REJECTED'
  | 'REFERENCE_INVALID'
  | 'REGISTRY_ANSWER_INVALID'
  | 'REGISTRY_DENIED'
  | 'REGISTRY_STATUS'
  | 'REGISTRY_UNAUTHORIZED'
  | 'REGISTRY_UNREACHABLE'
  | 'SIGNATURE_INVALID'
  | 'SIGNING_FAILED'
  | 'SOURCE_NOT_FOUND'
  | 'TAG_EXISTS'
  | 'TLS_FAILED'
  | 'UNSUPPORTED'
  | 'USAGE'
  | 'VERIFICATION_FAILED';

/** Which side of the push the fault lies on: where the user has to look. */
export type ErrorOrigin = 'source' | 'destination' | 'config' | 'usage';

export interface ErrorDetails {
  readonly origin?: ErrorOrigin | undefined;
  /** What the user can do about it: one sentence, without a full stop. */
  readonly hint?: string | undefined;
  /** Facts for machines; never a secret. */
  readonly context?: Readonly<Record<string, string | number>> | undefined;
  /** Whether the same attempt may succeed a moment later; false when not said. */
  readonly retryable?: boolean | undefined;
  readonly cause?: unknown;
}

/** Characters of a message at most, for it may quote what an image or a server makes as long as it likes. */
const MESSAGE_LIMIT = 2000;

/** The text without its middle, where it is longer than anybody reads. */
export function shortened(text: string): string {
  if (text.length <= MESSAGE_LIMIT) return text;
  const half = MESSAGE_LIMIT / 2;
  return `${text.slice(0, half)} … ${text.slice(-half)}`;
}

/**
 * Messages are a chain of gerunds from the outer attempt to the inner fact, as in the reference:
 * `writing blob: uploading layer: connection reset`. They are {@link shortened}, and so is the hint.
 */
export class OcipushError extends Error {
  override readonly name = 'OcipushError';
  readonly code: ErrorCode;
  readonly origin: ErrorOrigin | undefined;
  readonly hint: string | undefined;
  readonly context: Readonly<Record<string, string | number>>;
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(shortened(message), details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.origin = details.origin;
    this.hint = details.hint === undefined ? undefined : shortened(details.hint);
    this.context = details.context ?? {};
    this.retryable = details.retryable ?? false;
  }
}

/** The text of anything thrown, for use inside a longer message. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The same error with some details said otherwise. */
export function withDetails(error: OcipushError, details: ErrorDetails): OcipushError {
  const { code, message, origin, hint, context, retryable, cause } = error;
  return new OcipushError(code, message, { origin, hint, context, retryable, cause, ...details });
}

/** The same error under another code. */
export function withCode(code: ErrorCode, error: OcipushError): OcipushError {
  const { message, origin, hint, context, retryable } = error;
  return new OcipushError(code, message, { origin, hint, context, retryable, cause: error });
}

/**
 * The same error with `attempt: ` before its message. An origin already known stays, else it is
 * the fallback's; anything that is no OcipushError becomes one with the fallback's code.
 */
export function wrapError(
  error: unknown,
  attempt: string,
  fallback: { readonly code: ErrorCode; readonly origin?: ErrorOrigin },
): OcipushError {
  const message = `${attempt}: ${messageOf(error)}`;
  if (!(error instanceof OcipushError)) {
    return new OcipushError(fallback.code, message, { origin: fallback.origin, cause: error });
  }
  const { code, hint, context, retryable } = error;
  const origin = error.origin ?? fallback.origin;
  return new OcipushError(code, message, { origin, hint, context, retryable, cause: error });
}
