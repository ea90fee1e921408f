/** Turns what a registry answers when it refuses into errors with the reference's texts. */
import { STATUS_CODES } from 'node:http';
import { OcipushError, type ErrorCode } from '../errors.ts';
import { parseDigest, type Digest } from '../image/digest.ts';
import { isJsonObject, parseJson, type JsonObject } from '../io/bounded-json.ts';
import { parseChallenges } from './challenge.ts';
import type { HttpResponse } from './http.ts';

/** The first entry of an error body of the distribution specification. */
interface RegistryFault {
  readonly code: string;
  readonly message: string;
  /** The blob or manifest that is unknown, where the registry says which. */
  readonly unknown?: Digest | undefined;
}

/** Default messages of the distribution project, which are printed without their code. */
const DEFAULT_MESSAGES: ReadonlyMap<string, string> = new Map([
  ['BLOB_UNKNOWN', 'blob unknown to registry'],
  ['BLOB_UPLOAD_INVALID', 'blob upload invalid'],
  ['BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry'],
  ['DENIED', 'requested access to the resource is denied'],
  ['DIGEST_INVALID', 'provided digest did not match uploaded content'],
  ['MANIFEST_BLOB_UNKNOWN', 'blob unknown to registry'],
  ['MANIFEST_INVALID', 'manifest invalid'],
  ['MANIFEST_UNKNOWN', 'manifest unknown'],
  ['MANIFEST_UNVERIFIED', 'manifest failed signature verification'],
  ['NAME_INVALID', 'invalid repository name'],
  ['NAME_UNKNOWN', 'repository name not known to registry'],
  ['RANGE_INVALID', 'invalid content range'],
  ['SIZE_INVALID', 'provided length did not match content length'],
  ['TAG_INVALID', 'manifest tag did not match URI'],
  ['TOOMANYREQUESTS', 'too many requests'],
  ['UNAUTHORIZED', 'authentication required'],
  ['UNSUPPORTED', 'The operation is unsupported.'],
]);

/** Refusals that no repetition changes: the reference's list, and what is wrong with the request. */
const FINAL_CODES = new Set([
  'DENIED',
  'MANIFEST_INVALID',
  'MANIFEST_UNKNOWN',
  'MANIFEST_UNVERIFIED',
  'NAME_INVALID',
  'NAME_UNKNOWN',
  'TAG_INVALID',
  'UNAUTHORIZED',
  'UNSUPPORTED',
]);

/** What is said of blobs that a manifest names in vain, and how they are named. */
const UNKNOWN_BLOB = new Set(['BLOB_UNKNOWN', 'MANIFEST_BLOB_UNKNOWN']);
const MOST_BLOBS = 256;
const DIGEST = /sha(?:256|384|512):[a-f0-9]{64,128}/g;

/** What RFC 6750, 3.1 says of a token, as an error of the registry. */
const TOKEN_FAULTS: ReadonlyMap<string | undefined, string> = new Map([
  ['invalid_token', 'UNAUTHORIZED'],
  ['insufficient_scope', 'DENIED'],
]);

const TOO_LARGE = 413;

/** The registry or what is before it has too much to do, or is broken for the moment. */
const TRANSIENT_STATUSES = new Set([408, 429, 500, 502, 503, 504]);

/**
 * The error of an answer that is not what was asked for. Its message begins with `attempt`; its
 * context has `status` and, where the registry gave them, `registryCode`, `retryAfter`, and the
 * digests of `unknownBlobs` with blanks between them.
 */
export function statusError(response: HttpResponse, attempt: string): OcipushError {
  const { status, url } = response;
  const fault = faultOf(response);
  const retryAfter = response.header('retry-after');
  const unknown = unknownBlobs(response);
  return new OcipushError(codeFor(status, fault), `${attempt}: ${errorText(response)}`, {
    origin: 'destination',
    context: {
      status,
      url: `${url.origin}${url.pathname}`,
      ...(fault && { registryCode: fault.code }),
      ...(retryAfter !== undefined && { retryAfter }),
      ...(unknown.length > 0 && { unknownBlobs: unknown.join(' ') }),
    },
    retryable: TRANSIENT_STATUSES.has(status) || mayPass(status, fault),
    hint: hintFor(status, fault),
  });
}

/** Whether it may be another answer when everything is done again. */
function mayPass(status: number, fault: RegistryFault | undefined): boolean {
  return fault !== undefined && status !== TOO_LARGE && !FINAL_CODES.has(fault.code);
}

/** Whether there was an answer, and it was no. */
export function isRefusal(error: unknown): error is OcipushError {
  return error instanceof OcipushError && 'status' in error.context;
}

/** Whether the same request may succeed a moment later, without anything else being done again. */
export function isTransient(error: OcipushError): boolean {
  const { status } = error.context;
  return typeof status === 'number' ? TRANSIENT_STATUSES.has(status) : error.retryable;
}

/** What the answer says, in the reference's words. */
export function errorText(response: HttpResponse): string {
  const { status } = response;
  const fault = faultOf(response);
  if (fault) {
    const words = fault.code.toLowerCase().replaceAll('_', ' ');
    const usual = DEFAULT_MESSAGES.get(fault.code);
    const isUsual = fault.message === '' || fault.message === usual;
    const text = isUsual ? (usual ?? words) : `${words}: ${fault.message}`;
    return fault.unknown ? `${text}: ${fault.unknown}` : text;
  }
  if (status === 401) return 'authentication required';
  if (status >= 400 && status < 500) {
    const text = Buffer.from(response.body).toString('utf8');
    const shown = text.length > 50 ? `${text.slice(0, 50)}...` : text;
    return `StatusCode: ${status}, ${JSON.stringify(shown)}`;
  }
  return `received unexpected HTTP status: ${status} ${STATUS_CODES[status] ?? ''}`.trimEnd();
}

/** The error that the registry itself names; undefined when the answer holds none. */
function faultOf(response: HttpResponse): RegistryFault | undefined {
  const { status } = response;
  if (status < 400 || status >= 500) return undefined;
  return tokenFault(response) ?? bodyFault(response);
}

function tokenFault(response: HttpResponse): RegistryFault | undefined {
  for (const { scheme, parameters } of parseChallenges(response.headers('www-authenticate'))) {
    const code = TOKEN_FAULTS.get(parameters.get('error'));
    if (scheme === 'bearer' && code !== undefined) {
      return { code, message: parameters.get('error_description') ?? '' };
    }
  }
  return undefined;
}

/** Blobs that a manifest names and the registry does not have. */
function unknownBlobs(response: HttpResponse): readonly string[] {
  const errors = errorBody(response)?.['errors'];
  if (!Array.isArray(errors)) return [];
  const named = errors
    .filter((error) => isJsonObject(error) && UNKNOWN_BLOB.has(asText(error['code'])))
    // A text or an object, as the server likes it.
    .flatMap(({ detail }: JsonObject) =>
      textsOf(detail).flatMap((text) => text.match(DIGEST) ?? []),
    );
  return [...new Set(named)].slice(0, MOST_BLOBS);
}

/** The texts in a detail: itself, or the members of an object or list. Deeper nobody puts digests. */
function textsOf(detail: unknown): readonly string[] {
  const values = typeof detail === 'object' && detail !== null ? Object.values(detail) : [detail];
  return values.filter((value) => typeof value === 'string');
}

function errorBody({ body }: HttpResponse): JsonObject | undefined {
  try {
    const answer: unknown = parseJson(body, 'the answer');
    return isJsonObject(answer) ? answer : undefined;
  } catch {
    // A proxy's HTML page or plain text: no registry error, and shown as it is.
    return undefined;
  }
}

function bodyFault(response: HttpResponse): RegistryFault | undefined {
  const answer = errorBody(response);
  if (answer === undefined) return undefined;
  const { errors, details } = answer;
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  if (isJsonObject(first)) {
    const { code, message, detail } = first;
    const unknown = code === 'MANIFEST_BLOB_UNKNOWN' ? asDigest(detail) : undefined;
    return { code: asText(code) || 'UNKNOWN', message: asText(message), unknown };
  }
  // What some token servers say instead.
  if (asText(details) === '') return undefined;
  return { code: codeOfStatus(response.status), message: asText(details) };
}

/** Undefined for what is none. */
function asDigest(value: unknown): Digest | undefined {
  try {
    return parseDigest(asText(value));
  } catch {
    return undefined;
  }
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function codeOfStatus(status: number): string {
  if (status === 401) return 'UNAUTHORIZED';
  return status === 429 ? 'TOOMANYREQUESTS' : 'UNKNOWN';
}

function codeFor(status: number, fault: RegistryFault | undefined): ErrorCode {
  if (fault?.code === 'UNAUTHORIZED') return 'REGISTRY_UNAUTHORIZED';
  if (fault?.code === 'DENIED') return 'REGISTRY_DENIED';
  if (status === 401) return 'REGISTRY_UNAUTHORIZED';
  return status === 403 ? 'REGISTRY_DENIED' : 'REGISTRY_STATUS';
}

function hintFor(status: number, fault: RegistryFault | undefined): string | undefined {
  switch (codeFor(status, fault)) {
    case 'REGISTRY_UNAUTHORIZED':
      return 'check the user and password: --creds USER:PASSWORD, or an auth file with --authfile';
    case 'REGISTRY_DENIED':
      return 'this user may not push to this repository: name another with --creds or --authfile';
    default:
  }
  if (fault?.code === 'NAME_UNKNOWN') return 'create the repository at the registry first';
  if (status === TOO_LARGE) return 'the registry, or a proxy before it, limits the size of uploads';
  return undefined;
}
