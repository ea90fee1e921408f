/** A password reaches the registry that it is for, and no other, wherever that one sends us. */
import { describe, expect, test } from 'vitest';
import { makeLayer, writeOciLayout } from '../support/make-image.ts';
import { basicCredentials } from '../support/registry/auth.ts';
import type { Fault } from '../support/registry/faults.ts';
import { startRegistry, type RegistryOptions } from '../support/registry/registry.ts';
import { openScene, type Scene } from '../support/scene.ts';

const USER = 'me';
const PASSWORD = 'a:very/secret@word';
const AUTHORIZATION = basicCredentials(USER, PASSWORD);
const BASIC = { kind: 'basic', user: USER, password: PASSWORD } as const;

async function openGuarded(options: RegistryOptions): Promise<Scene> {
  const scene = await openScene(options);
  await writeOciLayout(scene.path('image'), { layers: [await makeLayer({ a: '1' })] });
  return scene;
}

describe('credentials stay with the registry', () => {
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
    await using scene = await openGuarded({ auth: BASIC, faults });
    await scene.push('oci:image', ['--creds', `${USER}:${PASSWORD}`]);
    const redirected = scene.registry.requests.filter(({ status }) => status === 307);
    expect(redirected.map(({ headers }) => headers.authorization)).toContain(AUTHORIZATION);
    expect(other.requests.length).toBeGreaterThan(0);
    for (const { headers } of other.requests) expect(headers.authorization).toBeUndefined();
  });

  test('when an upload goes on elsewhere', async () => {
    await using other = await startRegistry();
    const location = `${other.url}/upload`;
    const change: Fault['do'] = { changeHeaders: (headers) => ({ ...headers, location }) };
    const on = { method: 'POST', times: Infinity };
    await using scene = await openGuarded({ auth: BASIC, faults: [{ on, do: change }] });
    const run = await scene.push('oci:image', ['--creds', `${USER}:${PASSWORD}`]);
    expect(run.code).toBe(125);
    expect(run.stderr).not.toContain('secret');
    expect(scene.registry.unfired()).toEqual([]);
    expect(other.requests.length).toBeGreaterThan(0);
    for (const { headers } of other.requests) expect(headers.authorization).toBeUndefined();
  });
});
