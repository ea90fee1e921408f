/** Pushes under a signature verification policy: what it rejects, nothing is sent of. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { aftermathOf, CLEAR_FAILURE } from '../support/failure.ts';
import {
  makeLayer,
  writeOciArchive,
  writeOciIndex,
  writeOciLayout,
} from '../support/make-image.ts';
import { policyOf } from '../support/policies.ts';
import { openScene, type Scene } from '../support/scene.ts';

const USER = '.config/containers/policy.json';

let scene: Scene;

beforeEach(async () => {
  scene = await openScene();
  await writeOciLayout(scene.path('image'), { layers: [await makeLayer({ file: 'text' })] });
  return () => scene[Symbol.asyncDispose]();
});

async function writePolicy(name: string, text: string): Promise<void> {
  await mkdir(dirname(scene.path(name)), { recursive: true });
  await writeFile(scene.path(name), text);
}

const REJECT = policyOf({});
const ACCEPT = policyOf({ oci: { '': 'accept' } });

describe('a policy', () => {
  test.each([
    ['rejects', 'policy', REJECT, ['--signature-policy', 'policy']],
    ['of the user rejects', USER, REJECT, []],
    [
      'asks for signatures',
      USER,
      '{"default":[{"type":"signedBaseLayer","baseLayerIdentity":{"type":"matchExact"}}]}',
      [],
    ],
  ])('that %s', async (_, place, text, flags) => {
    await writePolicy(place, text);
    for (const source of ['oci:image', './image']) {
      expect(await aftermathOf(scene, await scene.push(source, flags))).toEqual({
        ...CLEAR_FAILURE,
        error: expect.stringContaining('Source image rejected: '),
        hint: expect.stringContaining(`says so under default: `),
      });
    }
    expect(scene.registry.requests).toEqual([]);
  });

  test('rejects a list with all that is in it', async () => {
    const images = [{ layers: [], platform: { os: 'linux', architecture: 'amd64' } }];
    await writeOciIndex(scene.path('list'), { images });
    await writePolicy(USER, REJECT);
    expect(await aftermathOf(scene, await scene.push('oci:list'))).toEqual(CLEAR_FAILURE);
    expect(scene.registry.requests).toEqual([]);
  });

  test.each([
    ['', 'policy'],
    ['{"default":[]}', 'policy'],
    [REJECT, 'nowhere'],
  ])('is read whatever is pushed: %s', async (text, named) => {
    await writePolicy('policy', text);
    for (const source of ['oci:image', 'containers-storage:nothing:1']) {
      const run = await scene.push(source, ['--signature-policy', named]);
      expect(await aftermathOf(scene, run)).toEqual({
        ...CLEAR_FAILURE,
        error: expect.stringContaining(named),
      });
    }
  });

  test("lets go what it accepts, and a named one takes the place of the user's", async () => {
    await writePolicy(USER, REJECT);
    await writePolicy('policy', ACCEPT);
    const run = await scene.push('oci:image', ['--signature-policy=policy']);
    expect(run.code).toBe(0);
    expect(await scene.digestFile()).toMatch(/^sha256:/);
  });

  test('may come through a pipe, and so may the image', async () => {
    await rm(scene.path('image'), { recursive: true });
    await writeOciArchive(scene.path('image'), { layers: [] });
    const under = [
      'bash',
      '-c',
      '"$0" "$@" --signature-policy <(cat policy) oci-archive:<(cat image) "$TO"',
    ];
    for (const [scopes, code] of [
      [{ 'oci-archive': { '': 'accept' } }, 0],
      [{ 'oci-archive': { '/proc': 'accept' } }, 125],
    ] as const) {
      await writePolicy('policy', policyOf(scopes));
      const run = await scene.home.run(['push', '--tls-verify=false', '--retry=0'], {
        under,
        env: { TO: scene.destination },
      });
      expect(run.code).toBe(code);
    }
  });
});
