/** Answers of registries and token servers, whatever is wrong with them. */
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { afterAll } from 'vitest';
import { shortened } from '../../src/errors.ts';
import { digestOf, parseDigest } from '../../src/image/digest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../src/image/media-types.ts';
import { errorText, isRefusal, statusError } from '../../src/registry/answer-error.ts';
import { parseChallenges } from '../../src/registry/challenge.ts';
import { RegistryClient } from '../../src/registry/client.ts';
import { HttpClient } from '../../src/registry/http.ts';
import { getManifest, headManifest, putManifest } from '../../src/registry/manifests.ts';
import { listReferrers } from '../../src/registry/referrers.ts';
import { parseRetryAfter } from '../../src/registry/retry.ts';
import { requestToken, type TokenRequest } from '../../src/registry/token.ts';
import { UploadSession } from '../../src/registry/upload-session.ts';
import { readExtension } from '../../src/transports/registry/signature-extension.ts';
import { fixture } from '../image/fixture.ts';
import { answerOf } from '../registry/answers.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { registryOptions, STRAIGHT } from '../support/registry-options.ts';
import { fuzzAll, lenient, refusing } from './fuzz.ts';
import { json } from './json-mutations.ts';
import { texts } from './mutations.ts';
import { playAnswers } from './played-answers.ts';

const DIGEST = digestOf(Buffer.from('content'));
const INDEX = fixture('index-source.json').toString();
const STATUSES = fc.constantFrom(400, 401, 403, 404, 413, 416, 429, 499, 500, 503);

const CHALLENGES = [
  'Bearer realm="https://a.test/token?x=1",service="a.test",scope="repository:team/app:pull"',
  'Basic realm="a \\"b\\"", Bearer realm=/token , error="invalid_token",error_description="x"',
];
const FAULTS = [
  { errors: [{ code: 'DENIED', message: 'no', detail: null }] },
  { errors: [{ code: 'MANIFEST_BLOB_UNKNOWN', detail: { digest: DIGEST } }, { code: 'X' }] },
  { details: 'incorrect username or password' },
].map((fault) => JSON.stringify(fault));
const TOKEN = '{"token":"abc.def","expires_in":300}';
const SIGNATURES = JSON.stringify({
  signatures: [{ schemaVersion: 2, type: 'atomic', name: `${DIGEST}@a`, content: 'AAAA' }],
});

const play = playAnswers();
const { signal } = new AbortController();
const client = await RegistryClient.open(
  { registry: 'registry.test', path: 'team/app' },
  'pull,push',
  registryOptions({ clock: fakeClock() }),
  signal,
);
afterAll(() => client[Symbol.asyncDispose]());

function tokenRequest(line: string): TokenRequest {
  const [challenge = { scheme: '', parameters: new Map() }] = parseChallenges([line]);
  const registry = new URL('https://registry.test');
  const credentials = { kind: 'basic', user: 'me', password: 'pass' } as const;
  return { challenge, scopes: ['a'], credentials, registry, userAgent: 'x', signal };
}

const HEADERS = [
  lenient('challenges', {
    inputs: texts(CHALLENGES),
    finds: (line) => {
      const challenges = parseChallenges([line]);
      for (const { scheme } of challenges) assert.match(scheme, /^[!-~]+$/);
      return challenges.some(({ parameters }) => parameters.has('realm'));
    },
  }),
  lenient('time to wait', {
    inputs: texts(['120', 'Fri, 27 Nov 2026 08:00:00 GMT']),
    finds: (text) => {
      const milliseconds = parseRetryAfter(text, 0);
      assert.ok(milliseconds >= 0);
      return milliseconds > 0;
    },
  }),
  refusing('realm of a token server', {
    inputs: texts(CHALLENGES),
    read: async (line) => {
      play({ status: 200, body: TOKEN });
      await requestToken(new HttpClient(STRAIGHT), tokenRequest(line));
    },
    refusals: ['REGISTRY_ANSWER_INVALID'],
  }),
  refusing('location and range of an upload', {
    inputs: fc.tuple(
      texts(['/v2/team/app/uploads/1?_state=x', 'https://other.test:8443/x', '?a=b#c']),
      texts(['0-1048575', 'bytes=0-0']),
      texts(['1048576']),
    ),
    read: async ([location, range, minimum]) => {
      const headers = { location, range, 'oci-chunk-min-length': minimum };
      play({ status: 202, headers }, { status: 204, headers });
      const session = await UploadSession.start(client);
      assert.ok(await session.locate());
      assert.ok(session.offset >= 0 && !Number.isNaN(session.minimum));
    },
    refusals: ['REGISTRY_ANSWER_INVALID'],
  }),
  lenient('digest of a manifest', {
    inputs: texts([DIGEST]),
    finds: async (text) => {
      play({ status: 200, headers: { 'docker-content-digest': text } });
      const digest = await headManifest(client, 'x');
      assert.equal(digest, digest && parseDigest(text));
      return digest !== undefined;
    },
  }),
  refusing('digest of a manifest that was stored', {
    inputs: fc.tuple(texts([DIGEST]), fc.constantFrom(200, 201)),
    read: async ([text, status]) => {
      play({ status, headers: { 'docker-content-digest': text } });
      await putManifest(client, 'x', {
        bytes: Buffer.from('content'),
        mediaType: OCI_MANIFEST,
        digest: DIGEST,
      });
      assert.equal(text, DIGEST);
    },
    refusals: ['REGISTRY_ANSWER_INVALID'],
  }),
];

const BODIES = [
  lenient('error', {
    inputs: fc.tuple(json(FAULTS), STATUSES, texts(CHALLENGES)),
    finds: ([body, status, challenge]) => {
      const answer = answerOf(status, { body, headers: { 'www-authenticate': challenge } });
      const error = statusError(answer, 'asking');
      assert.ok(isRefusal(error));
      assert.equal(error.message, shortened(`asking: ${errorText(answer)}`));
      return error.context['registryCode'] !== undefined;
    },
  }),
  refusing('token', {
    inputs: fc.tuple(
      json([TOKEN, '{"access_token":"a","issued_at":"x"}']),
      fc.constantFrom(200, 200, 200, 401, 404),
    ),
    read: async ([body, status]) => {
      play({ status, body });
      const { value, lifetime } = await requestToken(
        new HttpClient(STRAIGHT),
        tokenRequest('Bearer realm=/token'),
      );
      assert.match(value, /^[!-~]+$/);
      assert.ok(lifetime >= 60);
    },
    refusals: ['REGISTRY_ANSWER_INVALID', 'REGISTRY_STATUS', 'REGISTRY_UNAUTHORIZED'],
  }),
  refusing('manifest', {
    inputs: fc.tuple(json([INDEX]), fc.constantFrom(200, 200, 404), texts([`${OCI_INDEX};q=1`])),
    read: async ([body, status, type]) => {
      play({ status, body, headers: { 'content-type': type } });
      assert.deepEqual(Buffer.from((await getManifest(client, 'x')).bytes), body);
    },
    refusals: ['REGISTRY_STATUS'],
  }),
  refusing('list of what refers to a manifest, and its next page', {
    inputs: fc.tuple(
      json([INDEX]),
      texts(['</v2/x?n=2>; rel="next"', '<a>; rel=prev, <b>;rel=next']),
    ),
    read: async ([body, link]) => {
      play({ status: 200, body, headers: { link } }, { status: 200, body: INDEX });
      await listReferrers(client, DIGEST);
    },
    refusals: ['MANIFEST_INVALID'],
  }),
  refusing('signatures', {
    inputs: json([SIGNATURES, '{}']),
    read: async (body) => {
      play({ status: 200, body });
      await readExtension(client, DIGEST);
    },
    refusals: ['JSON_INVALID', 'MANIFEST_INVALID'],
  }),
];

fuzzAll('registries', [...HEADERS, ...BODIES], { suite: 200, night: 15_000 });
