/** Explains why a server gave no answer. */
import { messageOf, OcipushError, type ErrorDetails } from '../errors.ts';

/** Fatal for every attempt: the name or the address is wrong. */
const UNRESOLVED = new Set(['ENOTFOUND', 'EAI_NONAME']);

/** Codes of node:tls and OpenSSL for a certificate that cannot be trusted. */
const UNTRUSTED = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** What OpenSSL says when the other side does not speak TLS. */
const NOT_TLS = new Set([
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'EPROTO',
]);

/**
 * The error of a request that got no answer. Retryable unless the name does not resolve or TLS
 * failed, as in the reference.
 */
export function connectionError(error: unknown, method: string, url: URL): OcipushError {
  const code = codeOf(error);
  const context = { method, url: `${url.origin}${url.pathname}`, ...(code && { code }) };
  const message = `${method[0]}${method.slice(1).toLowerCase()} "${context.url}": ${describe(error)}`;
  const details: ErrorDetails = { origin: 'destination', context, cause: error };
  if (code !== undefined && UNTRUSTED.has(code)) {
    return new OcipushError('TLS_FAILED', message, {
      ...details,
      hint: `put the registry's CA certificate into /etc/containers/certs.d/${url.host}/ca.crt, or name a directory with --cert-dir`,
    });
  }
  if (code !== undefined && NOT_TLS.has(code)) {
    return new OcipushError('TLS_FAILED', message, {
      ...details,
      hint: 'the registry seems to speak plain HTTP: --tls-verify=false allows that',
    });
  }
  return new OcipushError('REGISTRY_UNREACHABLE', message, {
    ...details,
    retryable: code === undefined || !UNRESOLVED.has(code),
    hint: hintFor(code, url),
  });
}

function hintFor(code: string | undefined, url: URL): string | undefined {
  if (code !== undefined && UNRESOLVED.has(code)) {
    return `check the name of the registry: ${url.hostname} is not known`;
  }
  if (code === 'ECONNREFUSED') return `nothing listens on ${url.host}: is the registry running?`;
  return undefined;
}

/** The code of the error or of the one that caused it. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as NodeJS.ErrnoException;
  return code ?? codeOf(error.cause);
}

/** Connecting to several addresses fails with an error that has no message of its own. */
function describe(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map((each) => messageOf(each)).join('; ');
  }
  return messageOf(error);
}
