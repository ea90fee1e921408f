/** What goes wrong on the way to a registry: each push ends in the right image or in one clear error. */
import { beforeAll, describe, expect, test } from 'vitest';
import { failureOf } from '../support/failure.ts';
import { makeLayer, noise, writeOciLayout } from '../support/make-image.ts';
import { pushedImage } from '../support/pushed-image.ts';
import type { FaultAction, FaultTarget } from '../support/registry/faults.ts';
import { openScene } from '../support/scene.ts';

let layers: readonly Uint8Array[] = [];

beforeAll(async () => {
  layers = [await makeLayer({ a: '1' }), await makeLayer({ noise: noise(300_000) })];
});

const HTML = '<html><h1>Request Entity Too Large</h1></html>';

const HEAD = { method: 'HEAD', path: /\/manifests\// };
const POST = { method: 'POST' };
const PATCH = { method: 'PATCH' };
/** The end of an upload: with all bytes, or with none after a PATCH. */
const PUT = { method: 'PUT', path: /\/blobs\// };
const MANIFEST = { method: 'PUT', path: /\/manifests\// };

/** A request goes wrong once; `layers` says how they are compressed, and so how they travel. */
const PASSING: readonly (readonly [
  what: string,
  compression: 'none' | 'gzip',
  on: FaultTarget,
  fault: FaultAction,
])[] = [
  ['503 to the first question', 'gzip', HEAD, { status: 503 }],
  ['503 to the start of an upload', 'gzip', POST, { status: 503 }],
  ['503 to a stream', 'none', PATCH, { status: 503 }],
  ['503 to a stream at once', 'none', { ...PATCH, nth: 2 }, { status: 503, early: true }],
  ['503 to a whole blob', 'gzip', PUT, { status: 503 }],
  ['503 to a whole blob at once', 'gzip', PUT, { status: 503, early: true }],
  ['503 to the end of a stream', 'none', PUT, { status: 503 }],
  ['503 to the manifest', 'gzip', MANIFEST, { status: 503 }],
  ['500 to the manifest', 'gzip', MANIFEST, { status: 500 }],
  ['502 from a proxy', 'gzip', POST, { status: 502, body: '<h1>Bad Gateway</h1>' }],
  ['429 to the start of an upload', 'gzip', POST, { status: 429, headers: { 'retry-after': '0' } }],
  ['429 to a stream', 'none', PATCH, { status: 429, headers: { 'retry-after': '1' } }],
  ['429 as plain text', 'gzip', POST, { status: 429, body: 'Too Many Requests (HAP429).' }],
  ['429 to the manifest', 'gzip', MANIFEST, { status: 429, headers: { 'retry-after': '1' } }],
  ['a reset before the first byte', 'none', PATCH, { resetAfterBytes: 0 }],
  ['a reset in a stream', 'none', { ...PATCH, nth: 2 }, { resetAfterBytes: 100_001 }],
  [
    'a reset of a stream whose bytes are lost',
    'none',
    PATCH,
    { resetAfterBytes: 9, discard: true },
  ],
  ['a reset in a blob', 'gzip', PUT, { resetAfterBytes: 100_001 }],
  ['a reset in the manifest', 'gzip', MANIFEST, { resetAfterBytes: 10 }],
  ['no answer to the first question', 'gzip', HEAD, { closeBeforeAnswer: true }],
  ['no answer to the start of an upload', 'gzip', POST, { closeBeforeAnswer: true }],
  ['no answer to a stream', 'none', PATCH, { closeBeforeAnswer: true }],
  ['no answer to a blob that was stored', 'gzip', PUT, { closeBeforeAnswer: true }],
  ['no answer to the end of a stream', 'none', PUT, { closeBeforeAnswer: true }],
  ['no answer to a manifest that was stored', 'gzip', MANIFEST, { closeBeforeAnswer: true }],
  ['no Location for an upload', 'gzip', POST, { dropHeader: 'location' }],
  ['no Location after a stream', 'none', PATCH, { dropHeader: 'location' }],
  ['413 to a whole blob', 'gzip', PUT, { status: 413, body: HTML }],
  ['416 to a stream', 'none', PATCH, { status: 416 }],
  ['416 to a whole blob', 'gzip', PUT, { status: 416 }],
  ['bytes damaged in a stream', 'none', PATCH, { corruptBody: true }],
  ['bytes damaged in a blob', 'gzip', PUT, { corruptBody: true }],
  [
    'a lost upload',
    'none',
    PUT,
    { status: 404, body: '{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}' },
  ],
];

describe.concurrent.each([
  ['repeating the push', ['--retry=2', '--retry-delay=10ms']],
  ['repeating no push', ['--retry=0']],
])('a fault that passes is survived, %s', (_how, flags) => {
  test.each(PASSING)('%s (%s)', async (_, compression, on, fault) => {
    await using scene = await openScene({ faults: [{ on, do: fault }] });
    const image = await writeOciLayout(scene.path('image'), { layers, compression });
    expect(await scene.push('oci:image', flags)).toMatchObject({ code: 0, stdout: '' });
    expect(scene.registry.unfired()).toEqual([]);
    const { digest, diffIDs } = pushedImage(scene.repository, '1');
    expect(diffIDs).toEqual(image.layers.map(({ diffID }) => diffID));
    expect(await scene.digestFile()).toBe(digest);
  });
});

/** Answers that stay: no repetition helps, and nothing may be taken for a success. */
const LASTING: readonly (readonly [
  what: string,
  compression: 'none' | 'gzip',
  on: FaultTarget,
  fault: FaultAction,
  error: RegExp,
])[] = [
  ['another digest for a blob', 'gzip', PUT, { wrongDigestHeader: true }, /sha256:0{64}/],
  ['another digest for a stream', 'none', PUT, { wrongDigestHeader: true }, /sha256:0{64}/],
  [
    'another digest for the manifest',
    'gzip',
    MANIFEST,
    { wrongDigestHeader: true },
    /sha256:0{64}/,
  ],
  ['a manifest is not wanted', 'gzip', MANIFEST, { status: 403 }, /denied/],
  ['HTML for the manifest', 'gzip', MANIFEST, { status: 200, body: '<h1>Welcome</h1>' }, /\S/],
  [
    'HTML for the start of an upload',
    'gzip',
    POST,
    { status: 200, body: '<h1>Welcome</h1>' },
    /\S/,
  ],
  ['a registry that is always busy', 'gzip', HEAD, { status: 503 }, /503/],
  ['a registry that never takes a blob', 'gzip', POST, { status: 503 }, /503/],
  ['413 whatever is done', 'none', PATCH, { status: 413, body: HTML }, /413/],
];

describe.concurrent('a fault that stays is told', () => {
  test.each(LASTING)('%s (%s)', async (_, compression, on, fault, error) => {
    const faults = [{ on: { ...on, times: Infinity }, do: fault }];
    // Version 2.8 loses sessions that break: those cannot be ended.
    await using scene = await openScene({ faults, uploads: 'distribution-3.0' });
    await writeOciLayout(scene.path('image'), { layers, compression });
    const run = await scene.push('oci:image', ['--retry=0']);
    expect(failureOf(run)).toMatchObject({ code: 125, error: expect.stringMatching(error) });
    expect(await scene.digestFile()).toBeUndefined();
    expect(scene.registry.unfired()).toEqual([]);
    expect(scene.registry.openUploads).toEqual([]);
  });
});

test('the whole push is repeated as often as --retry says, and says so', async () => {
  await using scene = await openScene();
  await writeOciLayout(scene.path('image'), { layers });
  await scene.registry[Symbol.asyncDispose]();
  const run = await scene.push('oci:image', ['--retry=2', '--retry-delay=10ms']);
  expect(failureOf(run)).toMatchObject({ code: 125 });
  const warnings = run.stderr.split('\n').filter((line) => line.includes('level=warning'));
  expect(warnings).toEqual([
    expect.stringContaining('msg="Failed, retrying in 10ms ... (1/2). Error: '),
    expect.stringContaining('msg="Failed, retrying in 10ms ... (2/2). Error: '),
  ]);
});

test('a registry is left alone for as long as it asks', async () => {
  const faults = [{ on: POST, do: { status: 429, headers: { 'retry-after': '2' } } }];
  await using scene = await openScene({ faults });
  await writeOciLayout(scene.path('image'), { layers: [] });
  const start = performance.now();
  expect(await scene.push('oci:image')).toMatchObject({ code: 0 });
  expect(performance.now() - start).toBeGreaterThan(2000);
});

test('after a failure nothing new begins', async () => {
  const faults = [{ on: { ...POST, times: Infinity }, do: { status: 403 } }];
  await using scene = await openScene({ faults });
  await writeOciLayout(scene.path('image'), { layers });
  const run = await scene.push('oci:image', ['--jobs=1']);
  expect(failureOf(run)).toMatchObject({ code: 125 });
  expect(run.stderr.match(/^Copying/gm)).toHaveLength(1);
});

test('what was sent before a failure is not sent again by the next push', async () => {
  const faults = [{ on: MANIFEST, do: { status: 403 } }];
  await using scene = await openScene({ faults });
  await writeOciLayout(scene.path('image'), { layers });
  expect((await scene.push('oci:image')).code).toBe(125);
  const sent = scene.registry.requests.length;
  expect(await scene.push('oci:image')).toMatchObject({ code: 0 });
  const again = scene.registry.requests.slice(sent);
  expect(again.filter(({ path, bodyBytes }) => bodyBytes > 0 && /blobs/.test(path))).toEqual([]);
});

test('a registry that resumes uploads (3.0) is no different', async () => {
  const faults = [{ on: { ...PATCH, nth: 2 }, do: { resetAfterBytes: 100_001 } }];
  await using scene = await openScene({ faults, uploads: 'distribution-3.0' });
  const image = await writeOciLayout(scene.path('image'), { layers });
  expect(await scene.push('oci:image')).toMatchObject({ code: 0 });
  expect(scene.registry.unfired()).toEqual([]);
  const { diffIDs } = pushedImage(scene.repository, '1');
  expect(diffIDs).toEqual(image.layers.map(({ diffID }) => diffID));
});

test('relative Locations are followed', async () => {
  await using scene = await openScene({ relativeLocations: true });
  await writeOciLayout(scene.path('image'), { layers });
  expect(await scene.push('oci:image')).toMatchObject({ code: 0 });
  pushedImage(scene.repository, '1');
});
