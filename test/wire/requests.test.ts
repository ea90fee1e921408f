/** How many round trips a push costs, and in which order requests must come. */
import { describe, expect, test } from 'vitest';
import { makeLayer, noise, writeOciLayout } from '../support/make-image.ts';
import { pushedImage } from '../support/pushed-image.ts';
import type { Fault } from '../support/registry/faults.ts';
import type { Registry } from '../support/registry/registry.ts';
import type { LoggedRequest } from '../support/registry/request-log.ts';
import type { RegistryAuth } from '../support/registry/auth.ts';
import { openScene, type Scene } from '../support/scene.ts';
import { PASSWORD, USER } from '../support/secrets.ts';

const BEARER: RegistryAuth = { kind: 'bearer', user: USER, password: PASSWORD };
const BASIC: RegistryAuth = { kind: 'basic', user: USER, password: PASSWORD };

async function writeImage(scene: Scene, compression: 'none' | 'gzip'): Promise<void> {
  const layers = [
    await makeLayer({ a: '1' }),
    await makeLayer({ b: noise(100_000) }),
    await makeLayer({ c: noise(300_000) }),
  ];
  await writeOciLayout(scene.path('image'), { layers, compression });
}

function isManifest({ path }: { readonly path: string }): boolean {
  return path.includes('/manifests/');
}

describe.each<readonly [guard: string, auth: RegistryAuth | undefined, more: number]>([
  ['without authentication', undefined, 0],
  ['with a password', BASIC, 1],
  ['with a token', BEARER, 2],
])('a registry %s', (_, auth, more) => {
  test.each(['gzip', 'none'] as const)('takes few requests (%s)', async (compression) => {
    await using scene = await openScene(auth && { auth });
    await writeImage(scene, compression);
    const { requests } = scene.registry;
    const flags = [`--creds=${USER}:${PASSWORD}`];
    expect(await scene.push('oci:image', flags)).toMatchObject({ code: 0 });
    // A question, a POST and a PUT for each of four blobs, the manifest; what is compressed on the
    // way goes up in a PATCH before its PUT.
    const blobs = compression === 'gzip' ? 4 * 2 : 2 + 3 * 3;
    expect(requests.length).toBeLessThanOrEqual(2 + blobs + more);
    const first = requests.length;
    expect(await scene.push('oci:image', flags)).toMatchObject({ code: 0 });
    expect(requests.length - first).toBeLessThanOrEqual(1 + more);
  });
});

/** Keeps all requests of a kind waiting for their answers until the last of them has come. */
interface Gate {
  readonly fault: Fault;
  openAt(registry: Registry, count: number): Promise<void>;
}

function gate(method: string): Gate {
  let release = (): void => {};
  const holdAnswer = new Promise<void>((resolve) => {
    release = resolve;
  });
  const path = /\/blobs\//;
  const isHere = (request: LoggedRequest): boolean =>
    request.method === method && path.test(request.path);
  return {
    fault: { on: { method, path, times: Infinity }, do: { holdAnswer } },
    openAt: async (registry, count) => {
      await registry.waitFor(
        (request) => isHere(request) && registry.requests.filter(isHere).length === count,
      );
      release();
    },
  };
}

/** Every request needs an answer of one before it, but for those that go side by side. */
describe.each<readonly [guard: string, auth: RegistryAuth | undefined, first: readonly string[]]>([
  ['without authentication', undefined, ['HEAD']],
  ['with a token', BEARER, ['HEAD', 'GET', 'HEAD']],
])('at a registry %s', (_, auth, asking) => {
  const times = (method: string, count: number): readonly string[] =>
    Array<string>(count).fill(method);

  test('no blob waits for another one', async () => {
    const [starts, ends] = [gate('POST'), gate('PUT')];
    const faults = [starts.fault, ends.fault];
    await using scene = await openScene({ faults, ...(auth && { auth }) });
    await writeImage(scene, 'gzip');
    const { registry } = scene;
    const opening = [starts.openAt(registry, 4), ends.openAt(registry, 4)];
    expect(await scene.push('oci:image', [`--creds=${USER}:${PASSWORD}`])).toMatchObject({
      code: 0,
    });
    await Promise.all(opening);
    const methods = registry.requests.map(({ method }) => method);
    expect(methods).toEqual([...asking, ...times('POST', 4), ...times('PUT', 4), 'PUT']);
  });

  test('a second repository is had by mounts side by side', async () => {
    await using scene = await openScene(auth && { auth });
    await writeImage(scene, 'gzip');
    const { requests, host } = scene.registry;
    await scene.push('oci:image', [`--creds=${USER}:${PASSWORD}`]);
    const before = requests.length;
    const flags = ['--tls-verify=false', `--creds=${USER}:${PASSWORD}`];
    const run = await scene.home.run(['push', ...flags, 'oci:image', `${host}/team/second:1`]);
    expect(run).toMatchObject({ code: 0 });
    const asked = requests.slice(before);
    expect(asked.map(({ method }) => method)).toEqual([...asking, ...times('POST', 4), 'PUT']);
    expect(asked.filter(({ status }) => status === 202)).toEqual([]);
    pushedImage(scene.registry.repository('team/second'), '1');
    // One token for both repositories: of two, the second would be another round trip.
    const scopes = asked.flatMap(({ query }) => query.getAll('scope'));
    const all = ['repository:team/second:pull,push', 'repository:team/app:pull'];
    expect(scopes).toEqual(auth ? all : []);
  });
});

test('a question comes first, the blobs side by side, the manifest after all of them', async () => {
  await using scene = await openScene();
  await writeImage(scene, 'gzip');
  await scene.push('oci:image');
  const { requests } = scene.registry;
  expect(requests.map(({ method }) => method)).toEqual([
    'HEAD',
    ...requests.slice(1, -1).map(({ method }) => method),
    'PUT',
  ]);
  expect(requests.map(isManifest)).toEqual([true, ...requests.slice(1, -1).map(() => false), true]);
  const starts = requests.filter(({ method }) => method === 'POST');
  expect(starts.map(({ startedAfter }) => startedAfter)).toContain(1);
  expect(requests.at(-1)?.startedAfter).toBe(requests.length - 1);
  expect(scene.registry.openUploads).toEqual([]);
});

test('as many blobs go at once as --jobs says', async () => {
  for (const jobs of [1, 4]) {
    let release = (): void => {};
    const holdAnswer = new Promise<void>((resolve) => {
      release = resolve;
    });
    const on = { method: 'PUT', path: /\/blobs\// };
    await using scene = await openScene({ faults: [{ on, do: { holdAnswer } }] });
    await writeImage(scene, 'gzip');
    const { registry } = scene;
    const pushing = scene.push('oci:image', [`--jobs=${jobs}`]);
    const isUpload = ({ method, path }: { method: string; path: string }): boolean =>
      method === 'PUT' && path.includes('/blobs/');
    await registry.waitFor(isUpload);
    if (jobs > 1) {
      await registry.waitFor(
        (request) => isUpload(request) && registry.requests.filter(isUpload).length === jobs,
      );
    }
    release();
    expect(await pushing).toMatchObject({ code: 0 });
    const [firstUpload, second] = registry.requests.filter(({ method }) => method === 'POST');
    const isSequential = (second?.startedAfter ?? 0) > (firstUpload?.startedAfter ?? 0) + 1;
    expect(isSequential).toBe(jobs === 1);
  }
});

test('every request says who asks', async () => {
  await using scene = await openScene({ auth: BEARER });
  await writeImage(scene, 'gzip');
  await scene.push('oci:image', [`--creds=${USER}:${PASSWORD}`]);
  for (const { headers } of scene.registry.requests) {
    expect(headers['user-agent']).toMatch(/^ocipush\/\d+\.\d+\.\d+$/);
  }
});
