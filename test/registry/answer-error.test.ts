import { describe, expect, test } from 'vitest';
import { errorText, isRefusal, isTransient, statusError } from '../../src/registry/answer-error.ts';
import { connectionError } from '../../src/registry/connection-error.ts';
import { answerOf } from './answers.ts';

function body(code: string, message: string): string {
  return JSON.stringify({ errors: [{ code, message, detail: null }] });
}

const DIGEST = `sha256:${'0'.repeat(64)}`;

function unknownBlob(message: string, detail: unknown): string {
  return JSON.stringify({ errors: [{ code: 'MANIFEST_BLOB_UNKNOWN', message, detail }] });
}

const TOO_MANY = { errors: [{ code: 'TOOMANYREQUESTS', message: 'slow' }, { code: 'DENIED' }] };
const HTML = `<html><body>${'x'.repeat(60)}</body></html>`;

describe('errorText', () => {
  test.each<readonly [status: number, body: string, text: string]>([
    [404, body('BLOB_UNKNOWN', 'blob unknown to registry'), 'blob unknown to registry'],
    [404, body('BLOB_UNKNOWN', ''), 'blob unknown to registry'],
    [429, JSON.stringify(TOO_MANY), 'toomanyrequests: slow'], // the first one only
    [400, body('MANIFEST_BLOB_UNKNOWN', 'no'), 'manifest blob unknown: no'],
    [400, unknownBlob('', DIGEST), `blob unknown to registry: ${DIGEST}`],
    [400, unknownBlob('no', DIGEST), `manifest blob unknown: no: ${DIGEST}`],
    [400, unknownBlob('', 'a secret'), 'blob unknown to registry'], // nothing but a digest is shown
    [400, unknownBlob('', { digest: DIGEST }), 'blob unknown to registry'],
    [
      403,
      body('DENIED', 'requested access to the resource is denied'),
      'requested access to the resource is denied',
    ],
    [400, body('OWN_CODE', ''), 'own code'],
    [400, body('toString', ''), 'tostring'],
    [400, '{"errors":[{"message":"odd"}]}', 'unknown: odd'],
    [400, '{"errors":[7]}', 'StatusCode: 400, "{\\"errors\\":[7]}"'],
    [400, '{"errors":[]}', 'StatusCode: 400, "{\\"errors\\":[]}"'],
    [400, '{"errors":{}}', 'StatusCode: 400, "{\\"errors\\":{}}"'],
    [400, '[]', 'StatusCode: 400, "[]"'],
    [401, '{"details":"incorrect password"}', 'unauthorized: incorrect password'],
    [429, '{"details":"wait"}', 'toomanyrequests: wait'],
    [400, '{"details":"unknown service"}', 'unknown: unknown service'],
    [400, '{"details":""}', 'StatusCode: 400, "{\\"details\\":\\"\\"}"'],
    [404, '', 'StatusCode: 404, ""'],
    [404, '404 page not found\n', 'StatusCode: 404, "404 page not found\\n"'], // stays one line
    [413, HTML, `StatusCode: 413, "${HTML.slice(0, 50)}..."`],
    [404, 'x'.repeat(50), `StatusCode: 404, "${'x'.repeat(50)}"`],
    [401, '', 'authentication required'],
    [401, HTML, 'authentication required'],
    [500, body('UNKNOWN', 'secret'), 'received unexpected HTTP status: 500 Internal Server Error'],
    [503, HTML, 'received unexpected HTTP status: 503 Service Unavailable'],
    [200, HTML, 'received unexpected HTTP status: 200 OK'],
    [307, '', 'received unexpected HTTP status: 307 Temporary Redirect'],
    [299, '', 'received unexpected HTTP status: 299'],
  ])('%i %s', (status, answer, text) => {
    expect(errorText(answerOf(status, { body: answer }))).toBe(text);
  });

  test.each<readonly [challenge: string | readonly string[], text: string]>([
    ['Bearer realm="r",error="invalid_token"', 'authentication required'],
    ['Bearer realm="r",error="insufficient_scope"', 'requested access to the resource is denied'],
    ['Bearer error="insufficient_scope",error_description="ask Bob"', 'denied: ask Bob'],
    [['Basic realm="b"', 'Bearer error="invalid_token"'], 'authentication required'],
    ['Bearer realm="r",error="invalid_request"', 'unknown: from the body'],
    ['Basic error="insufficient_scope"', 'unknown: from the body'],
  ])('%s', (challenge, text) => {
    const headers = { 'www-authenticate': challenge };
    const answer = answerOf(401, { headers, body: body('UNKNOWN', 'from the body') });
    expect(errorText(answer)).toBe(text);
  });

  test('bytes that are no text', () => {
    expect(errorText(answerOf(400, { body: Uint8Array.of(0xff, 0x00) }))).toBe(
      'StatusCode: 400, "\ufffd\\u0000"',
    );
  });
});

describe('statusError', () => {
  test.each<
    readonly [
      status: number,
      body: string,
      code: string,
      retryable: boolean,
      hint: RegExp | undefined,
    ]
  >([
    [401, '', 'REGISTRY_UNAUTHORIZED', false, /--creds/],
    [401, body('DENIED', ''), 'REGISTRY_DENIED', false, /may not push/],
    [403, '', 'REGISTRY_DENIED', false, /may not push/],
    [403, body('UNAUTHORIZED', ''), 'REGISTRY_UNAUTHORIZED', false, /--creds/],
    [400, body('DENIED', ''), 'REGISTRY_DENIED', false, /may not push/],
    [404, body('NAME_UNKNOWN', ''), 'REGISTRY_STATUS', false, /create the repository/],
    [404, body('MANIFEST_UNKNOWN', ''), 'REGISTRY_STATUS', false, undefined],
    [400, body('MANIFEST_INVALID', ''), 'REGISTRY_STATUS', false, undefined],
    [400, body('TAG_INVALID', ''), 'REGISTRY_STATUS', false, undefined],
    [400, body('NAME_INVALID', ''), 'REGISTRY_STATUS', false, undefined],
    [405, body('UNSUPPORTED', ''), 'REGISTRY_STATUS', false, undefined],
    [400, body('DIGEST_INVALID', ''), 'REGISTRY_STATUS', true, undefined],
    [400, body('MANIFEST_BLOB_UNKNOWN', ''), 'REGISTRY_STATUS', true, undefined],
    [404, body('BLOB_UPLOAD_UNKNOWN', ''), 'REGISTRY_STATUS', true, undefined],
    [400, '', 'REGISTRY_STATUS', false, undefined],
    [404, HTML, 'REGISTRY_STATUS', false, undefined],
    [413, HTML, 'REGISTRY_STATUS', false, /limits the size/],
    [413, body('SIZE_INVALID', ''), 'REGISTRY_STATUS', false, /limits the size/],
    [408, '', 'REGISTRY_STATUS', true, undefined],
    [429, 'Too Many Requests (HAP429).', 'REGISTRY_STATUS', true, undefined],
    [500, '', 'REGISTRY_STATUS', true, undefined],
    [501, '', 'REGISTRY_STATUS', false, undefined],
    [502, HTML, 'REGISTRY_STATUS', true, undefined],
    [503, body('DENIED', ''), 'REGISTRY_STATUS', true, undefined], // the body of a 5xx says nothing
    [504, '', 'REGISTRY_STATUS', true, undefined],
    [200, '', 'REGISTRY_STATUS', false, undefined],
  ])('%i %s is %s, retryable: %s', (status, answer, code, retryable, hint) => {
    const error = statusError(answerOf(status, { body: answer }), 'pushing');
    expect(error).toMatchObject({ code, retryable, origin: 'destination' });
    expect(error.hint ?? '').toMatch(hint ?? /^$/);
  });

  test('tells machines the status, the code and the wait, and keeps the query to itself', () => {
    const headers = { 'retry-after': '7' };
    const answer = answerOf(429, { headers, body: JSON.stringify(TOO_MANY) });
    const error = statusError(answer, 'pushing');
    expect(error.message).toBe('pushing: toomanyrequests: slow');
    expect(error.context).toEqual({
      status: 429,
      url: 'https://registry.test/v2/team/app/x',
      registryCode: 'TOOMANYREQUESTS',
      retryAfter: '7',
    });
    expect(statusError(answerOf(404), 'x').context).toEqual({
      status: 404,
      url: 'https://registry.test/v2/team/app/x',
    });
  });
});

describe('what an error is', () => {
  const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
  const unknown = Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' });
  const url = new URL('https://registry.test/v2/');

  test.each([
    ['503', statusError(answerOf(503), 'x'), true, true],
    ['429', statusError(answerOf(429), 'x'), true, true],
    [
      'a retryable 400',
      statusError(answerOf(400, { body: body('DIGEST_INVALID', '') }), 'x'),
      true,
      false,
    ],
    ['403', statusError(answerOf(403), 'x'), true, false],
    ['a reset', connectionError(reset, 'PUT', url), false, true],
    ['an unknown name', connectionError(unknown, 'PUT', url), false, false],
  ])('%s', (_, error, refusal, transient) => {
    expect([isRefusal(error), isTransient(error)]).toEqual([refusal, transient]);
  });

  test('nothing but our own errors are refusals', () => {
    expect(isRefusal(Object.assign(new Error('x'), { context: { status: 400 } }))).toBe(false);
    expect(isRefusal(undefined)).toBe(false);
  });
});

test.each<readonly [errors: unknown, unknownBlobs: string | undefined]>([
  [
    [{ code: 'MANIFEST_BLOB_UNKNOWN', detail: `sha256:${'a'.repeat(64)}` }],
    `sha256:${'a'.repeat(64)}`,
  ],
  [
    [{ code: 'BLOB_UNKNOWN', detail: { digest: `sha512:${'b'.repeat(128)}` } }],
    `sha512:${'b'.repeat(128)}`,
  ],
  [
    ['a', 'b', 'a'].map((letter) => ({
      code: 'MANIFEST_BLOB_UNKNOWN',
      detail: `sha256:${letter.repeat(64)}`,
    })),
    `sha256:${'a'.repeat(64)} sha256:${'b'.repeat(64)}`,
  ],
  [
    [{ code: 'MANIFEST_BLOB_UNKNOWN', detail: [`sha256:${'a'.repeat(64)}`, 1, null] }],
    `sha256:${'a'.repeat(64)}`,
  ],
  [[{ code: 'MANIFEST_BLOB_UNKNOWN' }, null, 'x'], undefined],
  [[{ code: 'MANIFEST_INVALID', detail: `sha256:${'a'.repeat(64)}` }], undefined],
  ['text', undefined],
])('names the blobs that a manifest names in vain: %j', (errors, unknownBlobs) => {
  const answer = answerOf(400, { body: JSON.stringify({ errors }) });
  expect(statusError(answer, 'x').context['unknownBlobs']).toBe(unknownBlobs);
});

test('survives a detail that no reader which calls itself would', () => {
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
  const text = `{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"x","detail":${deep}}]}`;
  const error = statusError(answerOf(400, { body: text }), 'x');
  expect(error).toMatchObject({ code: 'REGISTRY_STATUS', message: 'x: manifest blob unknown: x' });
});
