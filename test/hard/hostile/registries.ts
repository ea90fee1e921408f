/** Registries, token servers and what is before them, that answer to do harm. */
import { onTestFinished } from 'vitest';
import { essenceOf, seedImage } from '../../support/image-essence.ts';
import { makeLayer, writeOciLayout } from '../../support/make-image.ts';
import type { AnswerHeaders } from '../../support/registry/answer.ts';
import type { FaultAction, FaultTarget } from '../../support/registry/faults.ts';
import { startRegistry, type Registry } from '../../support/registry/registry.ts';
import { times } from '../effort.ts';
import type { HostileCase } from './cases.ts';
import { EVIL, LONG } from './words.ts';

type Expects = HostileCase['expects'];

const layers = [await makeLayer({ a: '1' })];

/** Text as a header can have it, one byte for each character. */
const EVIL_HEADER = '\u009B31m\t\u0085Error: x\u0080\u00AD';

const error = (status: number, ...errors: readonly unknown[]): FaultAction => ({
  status,
  body: JSON.stringify({ errors }),
});
const withHeaders = (changed: AnswerHeaders): FaultAction => ({
  changeHeaders: (headers) => ({ ...headers, ...changed }),
});
const challenge = (text: string): FaultAction => ({
  status: 401,
  headers: { 'www-authenticate': text },
  body: '',
});

/** Lists in lists, where a registry tells of a blob that it lacks. */
const deepDetail = `{"errors":[{"code":"BLOB_UNKNOWN","message":"x","detail":${'['.repeat(200_000)}${']'.repeat(200_000)}}]}`;

type Row = readonly [name: string, expects: Expects, fault: FaultAction];

/** To any request; what a push makes of them depends little on which. */
const REFUSALS: readonly Row[] = [
  ['a message that does harm', 'REGISTRY_STATUS', error(400, { code: 'UNKNOWN', message: EVIL })],
  ['a code that does harm', 'REGISTRY_STATUS', error(400, { code: EVIL, message: EVIL })],
  [
    'a message that is long',
    'REGISTRY_STATUS',
    error(400, { code: 'X', message: LONG.slice(0, 900_000) }),
  ],
  ['a code that is long', 'REGISTRY_STATUS', error(418, { code: LONG.slice(0, 900_000) })],
  [
    '10,000 errors',
    'REGISTRY_STATUS',
    error(400, ...Array.from({ length: 10_000 }, () => ({ code: 'X', message: EVIL }))),
  ],
  ['errors that are none', 'REGISTRY_STATUS', error(400, null, [], EVIL)],
  ['a detail of lists in lists', 'REGISTRY_STATUS', { status: 400, body: deepDetail }],
  [
    'details of a token server that do harm',
    'REGISTRY_STATUS',
    { status: 400, body: JSON.stringify({ details: EVIL }) },
  ],
  ['a page that does harm', 'REGISTRY_STATUS', { status: 400, body: `<html>${EVIL}` }],
  ['a page of 2 MiB', 'REGISTRY_STATUS', { status: 400, body: 'x'.repeat(2 << 20) }],
  ['a denial that does harm', 'REGISTRY_DENIED', error(403, { code: 'DENIED', message: EVIL })],
  ['a challenge of nothing', 'REGISTRY_UNAUTHORIZED', challenge('')],
  ['a challenge that does harm', 'REGISTRY_UNAUTHORIZED', challenge(EVIL_HEADER)],
  ['a challenge without end', 'REGISTRY_ANSWER_INVALID', challenge('Bearer realm="http://x')],
  ['a challenge for nowhere', 'REGISTRY_ANSWER_INVALID', challenge('Bearer service="x"')],
  [
    'a challenge that leads to an address that is none',
    'REGISTRY_ANSWER_INVALID',
    challenge(`Bearer realm="http://[${EVIL_HEADER}"`),
  ],
  [
    'a challenge that leads to nobody',
    'REGISTRY_UNREACHABLE',
    challenge('Bearer realm="http://127.0.0.1:1/token"'),
  ],
  ['1,000 challenges', 'REGISTRY_UNAUTHORIZED', challenge(Array(1000).fill('x y="z"').join(', '))],
  [
    'a token fault that does harm',
    'REGISTRY_ANSWER_INVALID',
    challenge(`Bearer error="invalid_token",error_description="${EVIL_HEADER}"`),
  ],
];

/** What is read from a registry. */
const READINGS: readonly (readonly [...Row, on: FaultTarget])[] = [
  [
    'a challenge that leads to a file',
    'SOURCE_NOT_FOUND',
    challenge('Bearer realm="file:///etc/passwd"'),
    { path: /manifests/ },
  ],
  [
    'a manifest that does harm',
    'MANIFEST_INVALID',
    { status: 200, body: EVIL },
    { path: /manifests/ },
  ],
  [
    'a manifest of 5 MiB',
    'LIMIT_EXCEEDED',
    { status: 200, body: ' '.repeat(5 << 20) },
    { path: /manifests/ },
  ],
  ['a manifest without end', 'LIMIT_EXCEEDED', { endlessBody: true }, { path: /manifests/ }],
  [
    'a manifest of a type that does harm',
    'success',
    withHeaders({ 'content-type': EVIL_HEADER }),
    { path: /manifests/ },
  ],
  [
    'a manifest of another digest',
    'success',
    withHeaders({ 'docker-content-digest': 'sha256:x' }),
    { path: /manifests/ },
  ],
  [
    'a manifest elsewhere, for ever',
    'REGISTRY_STATUS',
    { status: 307, headers: { location: '?again' }, body: '' },
    { path: /manifests/ },
  ],
  [
    'a manifest in a file',
    'REGISTRY_ANSWER_INVALID',
    { status: 307, headers: { location: 'file:///etc/passwd' }, body: '' },
    { path: /manifests/ },
  ],
  [
    'a blob in a file',
    'REGISTRY_ANSWER_INVALID',
    { status: 307, headers: { location: 'file:///etc/passwd' }, body: '' },
    { path: /blobs/ },
  ],
  [
    'a blob elsewhere, for ever',
    'REGISTRY_STATUS',
    { status: 307, headers: { location: '?again' }, body: '' },
    { path: /blobs/ },
  ],
  ['another blob', 'DIGEST_MISMATCH', { status: 200, body: EVIL }, { path: /blobs/ }],
  ['a blob without end', 'LIMIT_EXCEEDED', { endlessBody: true }, { path: /blobs/ }],
  ['a blob of no bytes', 'DIGEST_MISMATCH', { status: 200, body: '' }, { path: /blobs/ }],
  [
    'a range that was not asked for',
    'DIGEST_MISMATCH',
    { status: 206, headers: { 'content-range': 'bytes 5-9/10' }, body: 'xxxxx' },
    { path: /blobs/ },
  ],
];

async function registryWith(fault: FaultAction, on: FaultTarget): Promise<Registry> {
  const registry = await startRegistry({ faults: [{ on: { ...on, times: Infinity }, do: fault }] });
  onTestFinished(() => registry[Symbol.asyncDispose]());
  return registry;
}

const FLAGS = ['--stall-timeout=2s'];

function readingCase([name, expects, fault, on]: readonly [...Row, on: FaultTarget]): HostileCase {
  return {
    name,
    expects,
    prepare: async () => {
      const registry = await registryWith(fault, on);
      const image = seedImage(registry.repository('team/app'), { layers }, '1');
      return {
        source: `docker://${registry.host}/team/app:1`,
        image: essenceOf(image),
        flags: FLAGS,
      };
    },
  };
}

export const SOURCES: readonly HostileCase[] = [
  ...REFUSALS.map(([name, expects, fault]) =>
    readingCase([name, expects, fault, { path: /^\/v2\// }]),
  ),
  ...READINGS.map(readingCase),
];

/** Requests of a push that are refused. */
const REQUESTS: readonly FaultTarget[] = [
  {},
  { method: 'POST' },
  { method: 'PUT', path: /manifests/ },
].slice(0, times({ suite: 1, night: 3 }));

const UPLOADS: readonly (readonly [...Row, on: FaultTarget])[] = [
  [
    'an upload at a place that does harm',
    'REGISTRY_ANSWER_INVALID',
    withHeaders({ location: `http://[${EVIL_HEADER}` }),
    { method: 'POST' },
  ],
  [
    'an upload to a file',
    'REGISTRY_ANSWER_INVALID',
    withHeaders({ location: 'file:///tmp/x' }),
    { method: 'POST' },
  ],
  [
    'an upload to nobody',
    'REGISTRY_UNREACHABLE',
    withHeaders({ location: 'http://127.0.0.1:1/x' }),
    { method: 'POST' },
  ],
  [
    'an upload at a place of 8,000 letters',
    'REGISTRY_STATUS',
    withHeaders({ location: `/v2/x/${'x'.repeat(8000)}` }),
    { method: 'POST' },
  ],
];

function pushCase([name, expects, fault, on]: readonly [...Row, on: FaultTarget]): HostileCase {
  return {
    name: `${name}, to ${on.method ?? 'all'}`,
    expects,
    prepare: async (path) => {
      const registry = await registryWith(fault, on);
      await writeOciLayout(path('image'), { layers });
      return { destination: `docker://${registry.host}/team/app:1`, flags: FLAGS };
    },
  };
}

export const DESTINATIONS: readonly HostileCase[] = [
  ...REQUESTS.flatMap((on) =>
    REFUSALS.map(([name, expects, fault]) => pushCase([name, expects, fault, on])),
  ),
  ...UPLOADS.map(pushCase),
];
