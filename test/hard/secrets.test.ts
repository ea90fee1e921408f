/**
 * Uses of secrets, as talkative as can be, also where they go wrong. Running a command throws where
 * what it printed, wrote, sent elsewhere or told a program has one in it.
 */
import { chmod, mkdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeFiles } from '../config/places.ts';
import { takeChildNotes } from '../support/child-notes.ts';
import { makeGpgHome } from '../support/gpg-home.ts';
import { makeLayer, writeOciLayout } from '../support/make-image.ts';
import { makeHome, type Run, type RunOptions } from '../support/ocipush.ts';
import { requirePeers } from '../support/peers.ts';
import { startRegistry } from '../support/registry/registry.ts';
import { openScene, type Scene } from '../support/scene.ts';
import { PASSPHRASE, PASSWORD, USER } from '../support/secrets.ts';
import { tell, times } from './effort.ts';
import { LOGINS, makeKeys, PUSHES, type Keys, type Use } from './secret-uses.ts';

const TALKATIVE: readonly (readonly string[])[] = [
  ['--log-level=trace'],
  ['--log-level=debug', '--output=json'],
  ['--log-level=debug', '--progress=json'],
];
/** Each use in one of these ways, or in all of them. */
const WAYS = times({ suite: 1, night: TALKATIVE.length });

let keys: Keys;
let runs = 0;

beforeAll(async () => {
  keys = await makeKeys();
});

afterAll(() => tell('secrets', { runs }));

function typed(scene: Scene, use: Use, way: number, options: RunOptions): Promise<Run> {
  const { flags = [], login } = use;
  const { registry, home } = scene;
  if (login === undefined) {
    return scene.push('oci:image', [...(TALKATIVE[way] ?? []), ...flags], options);
  }
  const words = ['login', '--tls-verify=false', '-v', '-u', USER];
  const input = Buffer.from(`${login}\n`);
  return home.run([...words, '--password-stdin', ...flags, registry.host], { ...options, input });
}

async function outcomeOf(use: Use, way: number) {
  await using other = await startRegistry();
  const { auth, fault, files, env, children = 0 } = use;
  const faults = fault === undefined ? [] : [{ on: fault[0], do: fault[1](other.url) }];
  await using scene = await openScene({ ...(auth && { auth }), faults });
  await writeOciLayout(scene.path('image'), { layers: [await makeLayer({ a: '1' })] });
  await writeFiles(scene.home.path, files?.(scene.registry.host, keys) ?? {});
  await mkdir(scene.path('bin'), { recursive: true });
  await chmod(scene.path('bin'), 0o755);
  if (children > 0) await chmod(scene.path('bin/docker-credential-test'), 0o755);
  const notes = await takeChildNotes(scene.home);
  const run = await typed(scene, use, way, { env: { ...notes.env, ...env?.(scene) } });
  runs += 1;
  const { length: asked } = await notes.lines();
  return { code: run.code, children: asked, unfired: scene.registry.unfired() };
}

describe.concurrent.each([
  ['push', PUSHES],
  ['login', LOGINS],
])('a %s tells nobody of', (_, uses) => {
  const cases = uses.flatMap(([what, each], index) =>
    [...Array(WAYS).keys()].map((way) => [what, (index + way) % TALKATIVE.length, each] as const),
  );
  test.each(cases)('%s, way %i', async (_what, way, each) => {
    const { code, children = 0 } = each;
    expect(await outcomeOf(each, way)).toEqual({ code, children, unfired: [] });
  });
});

describe.runIf(requirePeers('gpg'))('gpg is told', () => {
  test('a passphrase, but not where others see it', async () => {
    await using gpg = await makeGpgHome();
    const key = gpg.makeKey('Locked <locked@example.com>', PASSPHRASE);
    gpg.forget();
    await using scene = await openScene();
    await writeOciLayout(scene.path('image'), { layers: [await makeLayer({ a: '1' })] });
    await writeFiles(scene.home.path, {
      phrase: PASSPHRASE,
      '.config/containers/registries.d/a.yaml': `default-docker:\n  lookaside: file://${scene.path('signatures')}\n`,
    });
    const notes = await takeChildNotes(scene.home);
    const flags = [`--sign-by=${key}`, '--sign-passphrase-file=phrase', '--log-level=trace'];
    const env = { ...notes.env, GNUPGHOME: gpg.path };
    expect(await scene.push('oci:image', flags, { env })).toMatchObject({ code: 0 });
    expect((await notes.lines()).length).toBeGreaterThan(0);
  });
});

describe('who does tell is found out', () => {
  const basic = Buffer.from(`${USER}:${PASSWORD}`).toString('base64');

  test.each<[where: string, script: string]>([
    ['on standard output', `echo '${PASSWORD}'; "$@"`],
    ['on standard error', `echo '${basic}' >&2; "$@"`],
    ['in a file', `"$@"; echo '${PASSWORD}' > left`],
    ['in a file of the cache', `"$@"; mkdir -p .cache/a; echo '${PASSWORD}' > .cache/a/b`],
    ['in a login for all to read', `"$@"; echo '{"auths":"${PASSWORD}"}' > auth.json`],
    ['to a program', `"$@"; "$1" -e 'child_process.spawn("true", ["${PASSWORD}"])'`],
  ])('%s', async (_, script) => {
    await using home = await makeHome();
    const { env } = await takeChildNotes(home);
    const running = home.run(['--version'], { under: ['sh', '-c', script, 'sh'], env });
    await expect(running).rejects.toThrow('ocipush --version leaked the password');
  });

  test('but not a login that is for its user alone', async () => {
    await using home = await makeHome();
    const script = `"$@"; umask 077; echo '{"auths":"${PASSWORD}"}' > auth.json`;
    const run = await home.run(['--version'], { under: ['sh', '-c', script, 'sh'] });
    expect(run.code).toBe(0);
  });
});
