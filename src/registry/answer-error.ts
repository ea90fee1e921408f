/** Turns what a registry answers when it refuses into errors with the reference's texts. */
import { OcipushError, type ErrorCode } from '../errors.ts';
import { isJsonObject, parseJson } from '../io/bounded-json.ts';
import type { HttpResponse } from './http.ts';

/** The first entry of an error body of the distribution specification. */
interface RegistryFault {
  readonly code: string;
  readonly message: string;
}

/** Default messages of the distribution project, which are printed without their code. */
const DEFAULT_MESSAGES: Readonly<Record<string, string>> = {
  BLOB_UNKNOWN: 'blob unknown to registry',
  BLOB_UPLOAD_INVALID: 'blob upload invalid',
  BLOB_UPLOAD_UNKNOWN: 'blob upload unknown to registry',
  DENIED: 'requested access to the resource is denied',
  DIGEST_INVALID: 'provided digest did not match uploaded content',
  MANIFEST_BLOB_UNKNOWN: 'blob unknown to registry',
  MANIFEST_INVALID: 'manifest invalid',
  MANIFEST_UNKNOWN: 'manifest unknown',
  MANIFEST_UNVERIFIED: 'manifest failed signature verification',
  NAME_INVALID: 'invalid repository name',
  NAME_UNKNOWN: 'repository name not known to registry',
  RANGE_INVALID: 'invalid content range',
  SIZE_INVALID: 'provided length did not match content length',
  TAG_INVALID: 'manifest tag did not match URI',
  TOOMANYREQUESTS: 'too many requests',
  UNAUTHORIZED: 'authentication required',
  UNSUPPORTED: 'The operation is unsupported.',
};

/** Refusals that no repetition changes (the reference's list). */
const FINAL_CODES = new Set(['UNAUTHORIZED', 'DENIED', 'NAME_UNKNOWN', 'MANIFEST_UNKNOWN']);
const RETRYABLE_STATUSES = new Set([408, 429, 500, 502, 503, 504]);

/**
 * The error of an answer that is not what was asked for. Its message begins with `attempt`; its
 * context has `status` and, where the registry gave one, `registryCode`.
 */
export function statusError(response: HttpResponse, attempt: string): OcipushError {
  const fault = faultOf(response);
  return new OcipushError(codeFor(response, fault), `${attempt}: ${errorText(response)}`, {
    origin: 'destination',
    context: {
      status: response.status,
      url: `${response.url.origin}${response.url.pathname}`,
      ...(fault && { registryCode: fault.code }),
    },
    retryable:
      RETRYABLE_STATUSES.has(response.status) ||
      (fault !== undefined && response.status < 500 && !FINAL_CODES.has(fault.code)),
    hint: hintFor(response.status, fault),
  });
}

/** What the answer says, in the reference's words. */
export function errorText(response: HttpResponse): string {
  const { status } = response;
  const fault = faultOf(response);
  if (fault) {
    if (fault.message === DEFAULT_MESSAGES[fault.code] || fault.message === '') {
      return DEFAULT_MESSAGES[fault.code] ?? fault.code.toLowerCase().replaceAll('_', ' ');
    }
    return `${fault.code.toLowerCase().replaceAll('_', ' ')}: ${fault.message}`;
  }
  if (status === 401) return 'authentication required';
  if (status >= 400 && status < 500) {
    const text = Buffer.from(response.body).toString('utf8');
    return `StatusCode: ${status}, "${text.length > 50 ? `${text.slice(0, 50)}...` : text}"`;
  }
  return `received unexpected HTTP status: ${status}`;
}

/** The error that the registry itself names; undefined when the answer holds none. */
export function faultOf(response: HttpResponse): RegistryFault | undefined {
  if (response.status < 400 || response.status >= 500 || response.body.length === 0) {
    return undefined;
  }
  const [fault] = faultList(response.body);
  return fault;
}

function faultList(body: Uint8Array): readonly RegistryFault[] {
  let answer: unknown;
  try {
    answer = parseJson(body, 'the answer');
  } catch {
    // A proxy's HTML page or plain text: no registry error, and shown as it is.
    return [];
  }
  const errors = isJsonObject(answer) ? answer['errors'] : undefined;
  if (!Array.isArray(errors)) return [];
  return errors.filter(isJsonObject).map(({ code, message }) => ({
    code: typeof code === 'string' ? code : 'UNKNOWN',
    message: typeof message === 'string' ? message : '',
  }));
}

function codeFor(response: HttpResponse, fault: RegistryFault | undefined): ErrorCode {
  if (response.status === 401 || fault?.code === 'UNAUTHORIZED') return 'REGISTRY_UNAUTHORIZED';
  if (response.status === 403 || fault?.code === 'DENIED') return 'REGISTRY_DENIED';
  return 'REGISTRY_STATUS';
}

function hintFor(status: number, fault: RegistryFault | undefined): string | undefined {
  if (status === 401 || fault?.code === 'UNAUTHORIZED') {
    return 'check the user and password: --creds USER:PASSWORD, or an auth file with --authfile';
  }
  if (status === 403 || fault?.code === 'DENIED') {
    return 'these credentials may not push to this repository';
  }
  if (fault?.code === 'NAME_UNKNOWN') return 'create the repository at the registry first';
  if (status === 413) return 'the registry, or a proxy before it, limits the size of uploads';
  return undefined;
}
