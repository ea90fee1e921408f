/** Answers that make no sense end in success all the same, or in one clear error: never in a hang or a lie. */
import { beforeAll, describe, expect, test } from 'vitest';
import { failureOf } from '../support/failure.ts';
import { makeLayer, noise, writeOciLayout } from '../support/make-image.ts';
import type { Run } from '../support/ocipush.ts';
import { pushedImage } from '../support/pushed-image.ts';
import type { AnswerHeaders } from '../support/registry/answer.ts';
import type { FaultAction, FaultTarget } from '../support/registry/faults.ts';
import { openScene, type Scene } from '../support/scene.ts';

let layers: readonly Uint8Array[] = [];

beforeAll(async () => {
  layers = [await makeLayer({ a: '1' }), await makeLayer({ noise: noise(100_000) })];
});

const REQUESTS: readonly (readonly [
  what: string,
  compression: 'none' | 'gzip',
  on: FaultTarget,
])[] = [
  ['the first question', 'gzip', { method: 'HEAD' }],
  ['the start of an upload', 'gzip', { method: 'POST' }],
  ['a blob', 'gzip', { method: 'PUT', path: /blobs/ }],
  ['a stream', 'none', { method: 'PATCH' }],
  ['the end of a stream', 'none', { method: 'PUT', path: /blobs/ }],
  ['a manifest', 'gzip', { method: 'PUT', path: /manifests/ }],
];

const WELCOME = '<html><body>Welcome! Please log in.</body></html>';

function withHeaders(changed: AnswerHeaders): FaultAction {
  return { changeHeaders: (headers) => ({ ...headers, ...changed }) };
}

const ANSWERS: readonly (readonly [what: string, fault: FaultAction])[] = [
  ['a page in HTML', { status: 200, body: WELCOME }],
  ['a page in HTML for a created thing', { status: 201, body: WELCOME }],
  ['an error in HTML', { status: 400, body: WELCOME }],
  ['JSON that is none', { status: 400, body: '{"errors":[{"code":"DENIED"' }],
  ['JSON of another kind', { status: 404, body: '[{"errors":null}]' }],
  ['a body without end', { endlessBody: true }],
  ['a body that is shorter than it says', withHeaders({ 'content-length': '4000' })],
  [
    'a body that is longer than it says',
    { status: 503, body: 'abc', headers: { 'content-length': '1' } },
  ],
  ['a length that is no number', withHeaders({ 'content-length': 'many' })],
  ['nothing', { status: 204, body: '' }],
  ['a status that nobody knows', { status: 299, body: '' }],
  ['no Location', { dropHeader: 'location' }],
  ['a Location that is none', withHeaders({ location: 'http://[::1' })],
  ['a Location that leads elsewhere', withHeaders({ location: 'ftp://127.0.0.1/x' })],
  ['another digest', { wrongDigestHeader: true }],
  ['a digest that is none', withHeaders({ 'docker-content-digest': 'sha256:nonsense' })],
];

/** What came of a push: an image, or one error. */
async function outcomeOf(scene: Scene, run: Run): Promise<object> {
  const digestFile = await scene.digestFile();
  if (run.code !== 0) return { code: failureOf(run).code, digestFile };
  const { digest, diffIDs } = pushedImage(scene.repository, '1');
  return { code: 0, diffIDs, isTold: digestFile === digest };
}

describe.concurrent.each(REQUESTS)('to %s', (_, compression, on) => {
  test.each(ANSWERS)('%s', async (_what, fault) => {
    await using scene = await openScene({
      faults: [{ on: { ...on, times: Infinity }, do: fault }],
    });
    const image = await writeOciLayout(scene.path('image'), { layers, compression });
    const run = await scene.push('oci:image', ['--stall-timeout=300ms']);
    const success = {
      code: 0,
      diffIDs: image.layers.map(({ diffID }) => diffID),
      isTold: true,
    };
    const failure = { code: 125, digestFile: undefined };
    expect([success, failure]).toContainEqual(await outcomeOf(scene, run));
  });
});
