/** Explains why a server gave no answer. */
import { messageOf, OcipushError, type ErrorDetails } from '../errors.ts';
import { hostAndPort } from './address.ts';
import { CONNECT_TIMEOUT } from './dial.ts';

/** Fatal for every attempt: the name is wrong. */
const UNRESOLVED = new Set(['ENOTFOUND', 'EAI_NONAME']);

/** What node:tls says of a certificate that cannot be trusted, and the reference's words for it. */
const UNTRUSTED: ReadonlyMap<string, string> = new Map([
  ['CERT_HAS_EXPIRED', 'certificate has expired or is not yet valid'],
  ['CERT_NOT_YET_VALID', 'certificate has expired or is not yet valid'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'certificate signed by unknown authority'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'certificate signed by unknown authority'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'certificate signed by unknown authority'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'certificate signed by unknown authority'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'certificate signed by unknown authority'],
]);

/** Further codes of node:tls about certificates; its words are as good as any. */
const CERTIFICATE = /^(?:CERT_|CRL_|INVALID_(?:CA|PURPOSE)$|HOSTNAME_MISMATCH$|ERR_TLS_CERT_)/;

/** Nothing moved any more. */
const STALLS = new Set(['STALLED', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT']);

/** No connection, or no TLS on it, in time. */
const TIMEOUTS = new Set([CONNECT_TIMEOUT, 'UND_ERR_CONNECT_TIMEOUT']);

/** What OpenSSL says when the other side does not speak TLS. */
const NOT_TLS = new Set(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG']);

/** What OpenSSL says when the other side did not get the client certificate that it wants. */
const CLIENT_REFUSED = /^ERR_SSL_.*_ALERT_(?:BAD_CERTIFICATE|CERTIFICATE_REQUIRED)$/;

/**
 * The error of a request that got no answer. Retryable unless the name does not resolve or TLS
 * failed, as in the reference.
 */
export function connectionError(error: unknown, method: string, url: URL): OcipushError {
  const code = codeOf(error) ?? '';
  const address = `${url.origin}${url.pathname}`;
  const verb = `${method.slice(0, 1)}${method.slice(1).toLowerCase()}`;
  const message = `${verb} "${address}": ${describe(error, code, url)}`;
  const details: ErrorDetails = {
    origin: 'destination',
    context: { method, url: address, ...(code !== '' && { code }) },
    hint: hintFor(code, url),
    cause: error,
  };
  if (isUntrusted(code) || code.startsWith('ERR_SSL_') || code === 'EPROTO') {
    return new OcipushError('TLS_FAILED', message, details);
  }
  const retryable = !UNRESOLVED.has(code);
  return new OcipushError('REGISTRY_UNREACHABLE', message, { ...details, retryable });
}

function isUntrusted(code: string): boolean {
  return UNTRUSTED.has(code) || CERTIFICATE.test(code);
}

/** The reference's words where people search for them, else what Node says, on one line. */
function describe(error: unknown, code: string, url: URL): string {
  if (NOT_TLS.has(code)) return 'http: server gave HTTP response to HTTPS client';
  if (UNRESOLVED.has(code)) return `dial tcp: lookup ${url.hostname}: no such host`;
  if (code === 'ECONNREFUSED') return `dial tcp ${hostAndPort(url)}: connect: connection refused`;
  if (TIMEOUTS.has(code)) return `dial tcp ${hostAndPort(url)}: i/o timeout`;
  if (code === 'UND_ERR_HEADERS_TIMEOUT') return 'net/http: timeout awaiting response headers';
  if (code === 'UND_ERR_BODY_TIMEOUT') return 'i/o timeout: the answer does not go on';
  if (code === 'STALLED') return `i/o timeout: ${textOf(error)}`;
  if (code === 'ECONNRESET') return 'connection reset by peer';
  if (code === 'UND_ERR_SOCKET') return `EOF (${textOf(error)})`;
  if (code.startsWith('ERR_SSL_')) return `remote error: tls: ${reasonOf(error) ?? textOf(error)}`;
  if (!isUntrusted(code)) return textOf(error);
  return `tls: failed to verify certificate: x509: ${UNTRUSTED.get(code) ?? textOf(error)}`;
}

function hintFor(code: string, url: URL): string | undefined {
  if (isUntrusted(code)) {
    return `put the registry's CA certificate into /etc/containers/certs.d/${url.host}/ca.crt, or name a directory with --cert-dir`;
  }
  if (NOT_TLS.has(code)) {
    return 'the registry seems to speak plain HTTP: --tls-verify=false allows that';
  }
  if (CLIENT_REFUSED.test(code)) {
    return `the registry wants a client certificate: put one (*.cert) and its key (*.key) into /etc/containers/certs.d/${url.host}, or name a directory with --cert-dir`;
  }
  if (UNRESOLVED.has(code)) {
    return `check the name of the registry: ${url.hostname} is not known`;
  }
  if (TIMEOUTS.has(code)) {
    return `${url.host} cannot be reached: check the address, or give it more time with --connect-timeout`;
  }
  if (STALLS.has(code)) return `${url.host} is stuck, or give it more time with --stall-timeout`;
  if (code === 'ECONNREFUSED') return `nothing listens on ${url.host}: is the registry running?`;
  return undefined;
}

/** The code of the error or of the one that caused it. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as NodeJS.ErrnoException;
  return code ?? codeOf(error.cause);
}

/** What OpenSSL means, without where in its source it says so. */
function reasonOf(error: unknown): string | undefined {
  const { reason } = error as { reason?: unknown };
  return typeof reason === 'string' ? reason : undefined;
}

/** Connecting to several addresses fails with an error that has no message of its own. */
function textOf(error: unknown): string {
  const text =
    error instanceof AggregateError && error.message === ''
      ? error.errors.map((each) => messageOf(each)).join('; ')
      : messageOf(error);
  return text.replaceAll(/\s+/g, ' ').trim();
}
