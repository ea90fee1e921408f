/** What the registry says back: answers as data, and the error bodies of distribution-spec. */

export type AnswerHeaders = Readonly<Record<string, string>>;

/** Header names are in lower case. */
export interface Answer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: Uint8Array;
  /** Only for broken answers: the connection ends after so many bytes of the body. */
  readonly cutAfterBytes?: number;
  /** Only for broken answers: the body is repeated for ever. */
  readonly isEndless?: boolean;
  /** Only for broken answers: nothing comes after so many bytes of the body. */
  readonly holdAfterBytes?: number;
}

/** Status and default message of each code, as docker distribution 2.8 has them (RANGE_INVALID: 3.0). */
const ERRORS = {
  BLOB_UNKNOWN: [404, 'blob unknown to registry'],
  BLOB_UPLOAD_INVALID: [404, 'blob upload invalid'],
  BLOB_UPLOAD_UNKNOWN: [404, 'blob upload unknown to registry'],
  DENIED: [403, 'requested access to the resource is denied'],
  DIGEST_INVALID: [400, 'provided digest did not match uploaded content'],
  MANIFEST_BLOB_UNKNOWN: [400, 'blob unknown to registry'],
  MANIFEST_INVALID: [400, 'manifest invalid'],
  MANIFEST_UNKNOWN: [404, 'manifest unknown'],
  NAME_UNKNOWN: [404, 'repository name not known to registry'],
  RANGE_INVALID: [416, 'invalid content range'],
  SIZE_INVALID: [400, 'provided length did not match content length'],
  TOOMANYREQUESTS: [429, 'too many requests'],
  UNAUTHORIZED: [401, 'authentication required'],
  UNAVAILABLE: [503, 'service unavailable'],
  UNKNOWN: [500, 'unknown error'],
  UNSUPPORTED: [405, 'The operation is unsupported.'],
} as const satisfies Record<string, readonly [number, string]>;

type RegistryErrorCode = keyof typeof ERRORS;

/** One entry of an error body; without a message it has the default one of its code. */
export interface RegistryError {
  readonly code: RegistryErrorCode;
  readonly message?: string;
  readonly detail?: unknown;
}

const NOTHING = new Uint8Array();

/** An answer without a body. */
export function empty(status: number, headers: AnswerHeaders = {}): Answer {
  const bodyless = status === 204 || status === 304;
  return {
    status,
    headers: bodyless ? headers : { ...headers, 'content-length': '0' },
    body: NOTHING,
  };
}

/** An answer with a body of known length. */
export function content(status: number, body: Uint8Array, headers: AnswerHeaders): Answer {
  return { status, headers: { ...headers, 'content-length': String(body.length) }, body };
}

/** A JSON answer, with the line feed that Go's encoder ends it with. */
export function json(status: number, value: unknown, headers: AnswerHeaders = {}): Answer {
  return content(status, Buffer.from(`${JSON.stringify(value)}\n`), {
    ...headers,
    'content-type': 'application/json; charset=utf-8',
  });
}

/** The plain text answers of Go's HTTP library: unknown routes and methods. */
export function text(status: number, message: string, headers: AnswerHeaders = {}): Answer {
  return content(status, Buffer.from(`${message}\n`), {
    ...headers,
    'content-type': 'text/plain; charset=utf-8',
    'x-content-type-options': 'nosniff',
  });
}

/** An error body (distribution-spec, "Error Codes"); the first error decides about the status. */
export function failures(errors: readonly RegistryError[], headers: AnswerHeaders = {}): Answer {
  const [status] = ERRORS[errors[0]?.code ?? 'UNKNOWN'];
  const entries = errors.map(({ code, message, detail }) => ({
    code,
    message: message ?? ERRORS[code][1],
    detail,
  }));
  return json(status, { errors: entries }, headers);
}

/** An error body with one error of the default message. */
export function failure(code: RegistryErrorCode, detail?: unknown): Answer {
  return failures([{ code, detail }]);
}

/** The error code whose status this is; UNKNOWN for every other status. */
export function codeOfStatus(status: number): RegistryErrorCode {
  const codes = [
    'TOOMANYREQUESTS',
    'UNAUTHORIZED',
    'DENIED',
    'RANGE_INVALID',
    'UNAVAILABLE',
  ] as const;
  return codes.find((code) => ERRORS[code][0] === status) ?? 'UNKNOWN';
}
