/** A push that is broken off ends at once, with the shell's exit code, and leaves nothing half done. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { makeLayer, noise, writeOciLayout } from '../support/make-image.ts';
import type { Run, RunningCommand, RunOptions } from '../support/ocipush.ts';
import type { Fault } from '../support/registry/faults.ts';
import type { RegistryOptions } from '../support/registry/registry.ts';
import { openScene, type Scene } from '../support/scene.ts';

const SIGNALS = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const;

/** Milliseconds: far less than any timeout of the command itself. */
const PROMPT = { timeout: 15_000 };

async function openWithImage(
  compression: 'none' | 'gzip',
  faults: readonly Fault[] = [],
  uploads: RegistryOptions['uploads'] = 'distribution-2.8',
): Promise<Scene> {
  const scene = await openScene({ faults, uploads });
  const layers = [await makeLayer({ a: '1' }), await makeLayer({ noise: noise(400_000) })];
  await writeOciLayout(scene.path('image'), { layers, compression });
  return scene;
}

/** Starts a push and sends it a signal when something has happened. */
async function pushUntil(
  scene: Scene,
  happened: (command: RunningCommand) => Promise<unknown>,
  signal: NodeJS.Signals,
  {
    source = 'oci:image',
    flags = [] as readonly string[],
    ...options
  }: RunOptions & {
    readonly source?: string;
    readonly flags?: readonly string[];
  } = {},
): Promise<Run> {
  let interrupting: Promise<void> = Promise.resolve();
  const onStart = (command: RunningCommand): void => {
    interrupting = happened(command).then(() => command.kill(signal));
  };
  const run = await scene.push(source, flags, { ...options, onStart });
  await interrupting;
  return run;
}

/** What is left of a push; nothing may be printed but progress. */
async function remains(
  { digestFile, repository }: Scene,
  { code, stdout, stderr }: Run,
): Promise<object> {
  const others = stderr
    .split('\n')
    .filter(
      (line) => !/^(?:Getting|Copying|Copied|Writing|thinking|time=.* retrying in |$)/.test(line),
    );
  return { code, stdout, others, digestFile: await digestFile(), tags: repository.tags.size };
}

function nothing(code: number): object {
  return { code, stdout: '', others: [], digestFile: undefined, tags: 0 };
}

describe.each(SIGNALS)('%s', (signal, code) => {
  test.each<readonly [when: string, compression: 'none' | 'gzip', fault: Fault]>([
    ['before the first answer', 'gzip', { on: { method: 'HEAD' }, do: { stallAfterBytes: 0 } }],
    ['in a blob', 'gzip', { on: { method: 'PUT' }, do: { stallAfterBytes: 100 } }],
    ['in a stream', 'none', { on: { method: 'PATCH', nth: 2 }, do: { stallAfterBytes: 100_000 } }],
    [
      'when the manifest is about to be stored',
      'gzip',
      { on: { method: 'PUT', path: /manifests/ }, do: { stallAfterBytes: 1 } },
    ],
  ])('%s', PROMPT, async (_, compression, fault) => {
    await using scene = await openWithImage(compression, [fault]);
    const run = await pushUntil(scene, () => scene.registry.fired(fault), signal);
    expect(await remains(scene, run)).toEqual(nothing(code));
  });

  test.each<readonly [compression: 'none' | 'gzip', fault: Fault]>([
    ['gzip', { on: { method: 'PUT' }, do: { stallAfterBytes: 100 } }],
    ['gzip', { on: { method: 'PUT', nth: 2 }, do: { holdAnswer: new Promise(() => {}) } }],
    ['none', { on: { method: 'PATCH', nth: 2 }, do: { stallAfterBytes: 100_000 } }],
  ])('ends the uploads at the registry (%s, %j)', PROMPT, async (compression, fault) => {
    await using scene = await openWithImage(compression, [fault], 'distribution-3.0');
    const run = await pushUntil(scene, () => scene.registry.fired(fault), signal);
    expect(await remains(scene, run)).toEqual(nothing(code));
    expect(scene.registry.openUploads).toEqual([]);
  });

  test('waits two seconds for a registry that is stuck, and no longer', PROMPT, async () => {
    const fault: Fault = { on: { method: 'PUT' }, do: { stallAfterBytes: 100 } };
    const question: Fault = { on: { method: 'GET', times: 9 }, do: { stallAfterBytes: 0 } };
    await using scene = await openWithImage('gzip', [fault, question], 'distribution-3.0');
    let interrupted = 0;
    const happened = async (): Promise<void> => {
      await scene.registry.fired(fault);
      interrupted = performance.now();
    };
    expect(await pushUntil(scene, happened, signal)).toMatchObject({ code });
    expect(performance.now() - interrupted).toBeGreaterThan(2000);
    expect(performance.now() - interrupted).toBeLessThan(8000);
  });

  test('a second time leaves at once', PROMPT, async () => {
    const fault: Fault = { on: { method: 'PUT' }, do: { stallAfterBytes: 100 } };
    const question: Fault = { on: { method: 'GET', times: 9 }, do: { stallAfterBytes: 0 } };
    await using scene = await openWithImage('gzip', [fault, question], 'distribution-3.0');
    let again: Promise<void> = Promise.resolve();
    let interrupted = 0;
    const happened = async (command: RunningCommand): Promise<void> => {
      await scene.registry.fired(fault);
      interrupted = performance.now();
      again = scene.registry.fired(question).then(() => command.kill(signal));
    };
    const run = await pushUntil(scene, happened, signal);
    await again;
    expect(run).toMatchObject({ code });
    expect(performance.now() - interrupted).toBeLessThan(2000);
  });

  test('while an archive is read from standard input', PROMPT, async () => {
    await using scene = await openWithImage('gzip');
    const beginning = noise(1_000_000);
    const run = await pushUntil(scene, (command) => command.write(beginning), signal, {
      source: '-',
      input: 'open',
    });
    expect(await remains(scene, run)).toEqual(nothing(code));
    expect(scene.registry.requests).toEqual([]);
  });

  test('while the push waits to be repeated', PROMPT, async () => {
    await using scene = await openWithImage('gzip');
    await scene.registry[Symbol.asyncDispose]();
    const run = await pushUntil(scene, (command) => command.said('retrying in 1h'), signal, {
      flags: ['--retry=1', '--retry-delay=1h'],
    });
    expect(run.code).toBe(code);
    expect(run.stderr).not.toMatch(/^Error/m);
  });

  test('while a request waits to be repeated', PROMPT, async () => {
    const on = { method: 'HEAD' };
    const fault: Fault = { on, do: { status: 429, headers: { 'retry-after': '60' } } };
    await using scene = await openWithImage('gzip', [fault]);
    const run = await pushUntil(scene, () => scene.registry.fired(fault), signal);
    expect(await remains(scene, run)).toEqual(nothing(code));
  });

  test('while a credential helper thinks', PROMPT, async () => {
    await using scene = await openScene({ auth: { kind: 'basic', user: 'me', password: 'x' } });
    await writeOciLayout(scene.path('image'), { layers: [] });
    await mkdir(scene.path('bin'));
    const helper = scene.path('bin/docker-credential-slow');
    await writeFile(helper, '#!/bin/sh\necho thinking >&2\nexec sleep 600\n');
    await chmod(helper, 0o755);
    const helpers = { credHelpers: { [scene.registry.host]: 'slow' } };
    await writeFile(scene.path('auth.json'), JSON.stringify(helpers));
    const run = await pushUntil(scene, (command) => command.said('thinking'), signal, {
      flags: ['--authfile=auth.json'],
      env: { PATH: `${scene.path('bin')}:${process.env['PATH']}` },
    });
    expect(await remains(scene, run)).toEqual(nothing(code));
  });
});

test('a digest file of before stays', PROMPT, async () => {
  const fault: Fault = { on: { method: 'PUT' }, do: { stallAfterBytes: 100 } };
  await using scene = await openWithImage('gzip', [fault]);
  await writeFile(scene.path('digest'), 'old');
  await pushUntil(scene, () => scene.registry.fired(fault), 'SIGTERM');
  expect(await scene.digestFile()).toBe('old');
});
