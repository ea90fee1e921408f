/** Command lines that cannot be meant: podman's errors, before anything is asked of a registry. */
import { mkdir } from 'node:fs/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { failureOf, type Failure } from '../support/failure.ts';
import { writeOciLayout } from '../support/make-image.ts';
import { openScene, type Scene } from '../support/scene.ts';

const HELP = 'ocipush push --help';

let scene: Scene;

beforeEach(async () => {
  scene = await openScene();
  await writeOciLayout(scene.path('image'), { layers: [] });
  await mkdir(scene.path('directory'));
  return () => scene[Symbol.asyncDispose]();
});

async function expectNothingDone(): Promise<void> {
  expect(await scene.digestFile()).toBeUndefined();
  expect(scene.registry.requests).toEqual([]);
}

describe('flags', () => {
  test.each([
    [['--nosuch'], /^unknown flag: --nosuch$/],
    [['-x'], /^unknown shorthand flag: 'x' in -x$/],
    [['--='], /^bad flag syntax: --=$/],
    [['--retry=-1'], /^invalid argument "-1" for "--retry" flag: strconv\.ParseUint: /],
    [['--compression-level=abc'], /^invalid argument "abc" for "--compression-level" flag: /],
    [['--tls-verify=maybe'], /^invalid argument "maybe" for "--tls-verify" flag: /],
    [['--quiet=2'], /^invalid argument "2" for "-q, --quiet" flag: /],
    [['--jobs=0'], /^invalid argument "0" for "--jobs" flag: /],
  ])('%j', async (flags, error) => {
    const failure = failureOf(await scene.push('oci:image', flags));
    expect(failure).toEqual({
      code: 125,
      error: expect.stringMatching(error),
      hint: undefined,
      help: HELP,
    });
    await expectNothingDone();
  });

  test('the last one without its value', async () => {
    const failure = failureOf(await scene.home.run(['push', 'oci:image', 'x', '--digestfile']));
    const error = 'flag needs an argument: --digestfile';
    expect(failure).toEqual({ code: 125, error, hint: undefined, help: HELP });
  });

  test.each([
    ['--retry-delay=xx'],
    ['--retry-delay=-1s'],
    ['--compression-level=10'],
    ['--compression-format=zstd', '--compression-level=40'],
    ['--authfile=nope.json'],
    ['--creds=me'],
    ['--digestfile=nope/digest'],
    ['--digestfile=directory'],
  ])('%s', async (...flags) => {
    const failure = failureOf(await scene.push('oci:image', flags));
    expect(failure).toMatchObject<Partial<Failure>>({ code: 125, help: undefined });
    await expectNothingDone();
  });
});

describe('arguments', () => {
  test('none', async () => {
    const failure = failureOf(await scene.home.run(['push']));
    expect(failure).toMatchObject({
      code: 125,
      error: 'requires at least 1 arg(s), only received 0',
    });
  });

  test.each([
    ['oci:image', undefined], // where to?
    ['oci:image', 'UPPER/x'],
    ['oci:image', 'docker://UPPER/x'],
    ['oci:image', 'docker:example.com/x'],
    ['oci:image', `example.com/x:1@sha256:${'1'.repeat(64)}`],
    ['oci:image', 'example.com/x:'],
    ['oci:', 'example.com/x'],
    ['oci:image:a b', 'example.com/x'],
    ['docker-archive:image:example.com/x:@', 'example.com/x'],
  ])('%s %s', async (source, destination) => {
    const args = destination === undefined ? [source] : [source, destination];
    const failure = failureOf(await scene.home.run(['push', '--digestfile=digest', ...args]));
    expect(failure).toMatchObject({ code: 125, help: undefined });
    await expectNothingDone();
  });

  test.each([
    [['image', 'nosuch'], "unrecognized command 'ocipush image nosuch'", 'ocipush image --help'],
    [['image'], "missing command 'ocipush image COMMAND'", 'ocipush image --help'],
    [[], "missing command 'ocipush COMMAND'", 'ocipush --help'],
    [['--nosuch'], 'unknown flag: --nosuch', HELP],
  ])('%j is no command', async (args, error, help) => {
    const failure = failureOf(await scene.home.run(args));
    expect(failure).toEqual({ code: 125, error, hint: undefined, help });
  });
});
