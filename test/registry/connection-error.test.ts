import { describe, expect, test } from 'vitest';
import { connectionError } from '../../src/registry/connection-error.ts';

const URL_WITH_SECRETS = new URL('https://me:secret@registry.test:5000/v2/a/b?_state=secret');

function failing(code: string | undefined, message = 'as Node says it'): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}

/** What several addresses of one name fail with. */
function refusedTwice(): Error {
  const errors = ['::1:5000', '127.0.0.1:5000'].map(
    (at) => new Error(`connect EHOSTUNREACH ${at}`),
  );
  return Object.assign(new AggregateError(errors), { code: 'EHOSTUNREACH' });
}

const OPENSSL = '80FC:error:0A00010B:SSL routines:f:wrong version:../deps/x.c:350:\n';

describe('connectionError', () => {
  test.each<
    readonly [error: unknown, code: string, retryable: boolean, text: string, hint: RegExp]
  >([
    [
      failing('ECONNREFUSED'),
      'REGISTRY_UNREACHABLE',
      true,
      'dial tcp registry.test:5000: connect: connection refused',
      /nothing listens on registry.test:5000/,
    ],
    [failing('ECONNRESET'), 'REGISTRY_UNREACHABLE', true, 'connection reset by peer', /^$/],
    [
      failing('UND_ERR_SOCKET', 'other side closed'),
      'REGISTRY_UNREACHABLE',
      true,
      'EOF (other side closed)',
      /^$/,
    ],
    [
      failing('CONNECT_TIMEOUT'),
      'REGISTRY_UNREACHABLE',
      true,
      'dial tcp registry.test:5000: i/o timeout',
      /--connect-timeout/,
    ],
    [
      failing('UND_ERR_HEADERS_TIMEOUT'),
      'REGISTRY_UNREACHABLE',
      true,
      'net/http: timeout awaiting response headers',
      /--stall-timeout/,
    ],
    [
      failing('UND_ERR_BODY_TIMEOUT'),
      'REGISTRY_UNREACHABLE',
      true,
      'i/o timeout: the answer does not go on',
      /--stall-timeout/,
    ],
    [
      failing('STALLED'),
      'REGISTRY_UNREACHABLE',
      true,
      'i/o timeout: as Node says it',
      /--stall-timeout/,
    ],
    [failing('EAI_AGAIN'), 'REGISTRY_UNREACHABLE', true, 'as Node says it', /^$/],
    [failing(undefined), 'REGISTRY_UNREACHABLE', true, 'as Node says it', /^$/],
    ['thrown text', 'REGISTRY_UNREACHABLE', true, 'thrown text', /^$/],
    [
      refusedTwice(),
      'REGISTRY_UNREACHABLE',
      true,
      'connect EHOSTUNREACH ::1:5000; connect EHOSTUNREACH 127.0.0.1:5000',
      /^$/,
    ],
    [
      failing('ENOTFOUND'),
      'REGISTRY_UNREACHABLE',
      false,
      'dial tcp: lookup registry.test: no such host',
      /registry.test is not known/,
    ],
    [
      new Error('outer', { cause: failing('ENOTFOUND') }),
      'REGISTRY_UNREACHABLE',
      false,
      'dial tcp: lookup registry.test: no such host',
      /registry.test is not known/,
    ],
    [
      failing('DEPTH_ZERO_SELF_SIGNED_CERT'),
      'TLS_FAILED',
      false,
      'tls: failed to verify certificate: x509: certificate signed by unknown authority',
      /certs\.d\/registry\.test:5000\/ca\.crt.*--cert-dir/,
    ],
    [
      failing('UNABLE_TO_VERIFY_LEAF_SIGNATURE'),
      'TLS_FAILED',
      false,
      'tls: failed to verify certificate: x509: certificate signed by unknown authority',
      /--cert-dir/,
    ],
    [
      failing('CERT_HAS_EXPIRED'),
      'TLS_FAILED',
      false,
      'tls: failed to verify certificate: x509: certificate has expired or is not yet valid',
      /--cert-dir/,
    ],
    [
      failing('ERR_TLS_CERT_ALTNAME_INVALID'),
      'TLS_FAILED',
      false,
      'tls: failed to verify certificate: x509: as Node says it',
      /--cert-dir/,
    ],
    [
      failing('CERT_REVOKED'),
      'TLS_FAILED',
      false,
      'tls: failed to verify certificate: x509: as Node says it',
      /--cert-dir/,
    ],
    [
      failing('ERR_SSL_WRONG_VERSION_NUMBER', OPENSSL),
      'TLS_FAILED',
      false,
      'http: server gave HTTP response to HTTPS client',
      /--tls-verify=false/,
    ],
    [
      Object.assign(failing('ERR_SSL_TLSV13_ALERT_X', OPENSSL), { reason: 'certificate required' }),
      'TLS_FAILED',
      false,
      'remote error: tls: certificate required',
      /^$/,
    ],
    [
      Object.assign(failing('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'), { reason: 'why' }),
      'TLS_FAILED',
      false,
      'remote error: tls: why',
      /client certificate/,
    ],
    [
      failing('ERR_SSL_OTHER', OPENSSL),
      'TLS_FAILED',
      false,
      'remote error: tls: 80FC:error:0A00010B:SSL routines:f:wrong version:../deps/x.c:350:',
      /^$/,
    ],
    [failing('EPROTO'), 'TLS_FAILED', false, 'as Node says it', /^$/],
  ])('%s', (error, code, retryable, text, hint) => {
    const url = 'https://registry.test:5000/v2/a/b';
    const made = connectionError(error, 'PATCH', URL_WITH_SECRETS);
    expect(made).toMatchObject({ code, retryable, origin: 'destination', cause: error });
    expect(made.message).toBe(`Patch "${url}": ${text}`);
    expect(made.hint ?? '').toMatch(hint);
    expect(made.context).toMatchObject({ method: 'PATCH', url });
  });

  test.each([
    ['https://registry.test/', 'registry.test:443'],
    ['http://registry.test/', 'registry.test:80'],
    ['http://[::1]:81/', '[::1]:81'],
  ])('names the port of %s', (url, address) => {
    const { message, context } = connectionError(failing('ECONNREFUSED'), 'GET', new URL(url));
    expect(message).toContain(`dial tcp ${address}: `);
    expect(context).toEqual({ method: 'GET', url, code: 'ECONNREFUSED' });
  });
});
