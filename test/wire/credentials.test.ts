/** What proves who one is reaches the registry that it is for, and no other, wherever that one sends us. */
import { describe, expect, test } from 'vitest';
import { makeLayer, writeOciLayout } from '../support/make-image.ts';
import type { Fault } from '../support/registry/faults.ts';
import type { RegistryAuth } from '../support/registry/auth.ts';
import {
  startRegistry,
  type Registry,
  type RegistryOptions,
} from '../support/registry/registry.ts';
import { openScene, type Scene } from '../support/scene.ts';
import { PASSWORD, USER } from '../support/secrets.ts';

const CREDS = ['--creds', `${USER}:${PASSWORD}`];

async function openGuarded(options: RegistryOptions): Promise<Scene> {
  const scene = await openScene(options);
  await writeOciLayout(scene.path('image'), { layers: [await makeLayer({ a: '1' })] });
  return scene;
}

/** All that a registry was told, but for the bodies, which are the image's. */
function toldTo({ requests }: Registry): string {
  return JSON.stringify(
    requests.map(({ method, path, query, headers }) => [method, path, [...query], headers]),
  );
}

/** The registry was shown something, and the other host nothing of it. */
function expectSecrecy(scene: Scene, other: Registry): void {
  const shown = scene.registry.requests.flatMap(({ headers }) => headers.authorization ?? []);
  expect(shown.length).toBeGreaterThan(0);
  expect(other.requests.length).toBeGreaterThan(0);
  const told = toldTo(other);
  const secrets = shown.map((header) => header.replace(/^\w+ /, ''));
  for (const secret of [PASSWORD, ...secrets, 'authorization']) {
    expect(told).not.toContain(secret);
  }
}

describe.each<readonly [kind: string, auth: RegistryAuth]>([
  ['a password', { kind: 'basic', user: USER, password: PASSWORD }],
  ['a token', { kind: 'bearer', user: USER, password: PASSWORD }],
])('%s stays with the registry', (_kind, auth) => {
  const toOther = (other: string, path: string): Fault['do'] => ({
    status: 307,
    headers: { location: `${other}${path}` },
  });

  test.each([
    ['a question', { method: 'HEAD', nth: 2 }, '/v2/team/app/manifests/1'], // the first is anonymous
    ['the start of an upload', { method: 'POST' }, '/v2/team/app/blobs/uploads/'],
    ['a manifest', { method: 'PUT', path: /manifests/ }, '/v2/team/app/manifests/1'],
  ])('when it redirects %s', async (_, on, path) => {
    await using other = await startRegistry();
    const faults = [{ on: { ...on, times: Infinity }, do: toOther(other.url, path) }];
    await using scene = await openGuarded({ auth, faults });
    await scene.push('oci:image', CREDS);
    expect(scene.registry.unfired()).toEqual([]);
    expectSecrecy(scene, other);
  });

  test('when an upload goes on elsewhere', async () => {
    await using other = await startRegistry();
    const location = `${other.url}/upload`;
    const change: Fault['do'] = { changeHeaders: (headers) => ({ ...headers, location }) };
    const on = { method: 'POST', times: Infinity };
    await using scene = await openGuarded({ auth, faults: [{ on, do: change }] });
    const run = await scene.push('oci:image', CREDS);
    expect(run.code).toBe(125);
    expect(run.stderr).not.toContain('secret');
    expect(scene.registry.unfired()).toEqual([]);
    expectSecrecy(scene, other);
  });

  test('when what it redirects to asks for it', async () => {
    await using other = await startRegistry({
      auth: { kind: 'basic', user: USER, password: PASSWORD },
    });
    const path = '/v2/team/app/manifests/1';
    const on = { method: 'HEAD', nth: 2, times: Infinity };
    await using scene = await openGuarded({
      auth,
      faults: [{ on, do: toOther(other.url, path) }],
    });
    await scene.push('oci:image', CREDS);
    expectSecrecy(scene, other);
    expect(other.requests.every(({ status }) => status === 401)).toBe(true);
  });
});
