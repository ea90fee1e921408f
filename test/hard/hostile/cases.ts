/** Hostile input as rows of a table, and what must hold of every one of them. */
import { lstat, mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../../src/errors.ts';
import { essenceAt, type Essence } from '../../support/image-essence.ts';
import { leftovers } from '../../support/image-state.ts';
import { makeHome, type Home, type Run } from '../../support/ocipush.ts';
import { tell, times } from '../effort.ts';
import { runHere, type RunHere } from './here.ts';
import { checkOneError, checkWords } from './words.ts';

/** The absolute path of a name in the home of a case. */
export type Path = (name: string) => string;

/** What a case has made beside files, and how it wants to be run. */
export interface Prepared {
  /** The image that is to arrive. */
  readonly image?: Essence;
  readonly source?: string;
  readonly destination?: string;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: Uint8Array;
}

export interface HostileCase {
  readonly name: string;
  /** `success`: the image arrives, and is what it was. */
  readonly expects: ErrorCode | 'success';
  readonly prepare: (path: Path) => Promise<Prepared | void>;
}

/** Every so many cases the suite runs one in a process of its own as well; the night runs all. */
const CHILD_OF = times({ suite: 16, night: 1 });

/** Milliseconds after which a case counts as one that hangs. */
const PATIENCE = 60_000;

let children = 0;

/** Runs all cases of a table in this process, and some or all by the built command. */
export function testAll(source: string, cases: readonly HostileCase[]): void {
  describe(`from ${source}`, () => {
    for (const hostile of cases) {
      test(`${hostile.name}: ${hostile.expects}`, { timeout: PATIENCE }, async () => {
        const checked = check(source, hostile, (_, args, options) => runHere(args, options));
        await expect(checked).resolves.toBeUndefined();
      });
    }
    for (const hostile of cases.filter((_, index) => index % CHILD_OF === 0)) {
      test(`${hostile.name}, by the command`, { timeout: PATIENCE }, async () => {
        const checked = check(source, hostile, (home, args, options) => home.run(args, options));
        await expect(checked).resolves.toBeUndefined();
      });
      children += 1;
    }
  });
}

interface CommandOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly input?: Uint8Array;
}

/** Runs the command line, whatever the command is. */
export type Command = (
  home: Home,
  args: readonly string[],
  options: CommandOptions,
) => Promise<Run | RunHere>;

/** `source` has `~` for the home. @throws when it comes out otherwise than it must */
export async function check(source: string, hostile: HostileCase, command: Command): Promise<void> {
  await using home = await makeHome();
  const path: Path = (name) => join(home.path, name);
  await mkdir(path('tmp'));
  await writeFile(path('canary'), 'canary');
  const prepared = (await hostile.prepare(path)) ?? {};
  const before = await treeOf(home.path);
  const run = await command(home, argumentsFor(source, prepared, path), {
    env: {
      HOME: home.path,
      // What somebody has logged in to on this machine is not for tests.
      XDG_RUNTIME_DIR: home.path,
      TMPDIR: path('tmp'),
      CONTAINERS_CONF: '/dev/null',
      DOCKER_HOST: 'unix:///nowhere',
      ...prepared.env,
    },
    ...(prepared.input && { input: prepared.input }),
  });
  checkWords(run);
  expect(await treeOf(home.path)).toEqual(before);
  if (hostile.expects === 'success') await checkArrival(run, prepared, path);
  else await checkRefusal(run, hostile.expects, path);
}

function argumentsFor(source: string, prepared: Prepared, path: Path): readonly string[] {
  const usual = ['--retry=0', '--tls-verify=false', '--digestfile', path('digest')];
  const from = (prepared.source ?? source).replace('~', path(''));
  const to = prepared.destination ?? `oci:${path('out')}`;
  return ['push', ...usual, ...(prepared.flags ?? []), from, to];
}

async function checkArrival(run: Run, { image }: Prepared, path: Path): Promise<void> {
  expect(run).toMatchObject({ code: 0, stdout: '' });
  const { config, diffIDs } = await essenceAt(`oci:${path('out')}`);
  expect({ config, diffIDs }).toEqual(image);
  expect(await readFile(path('digest'), 'utf8')).toMatch(/^sha\d+:[0-9a-f]+$/);
}

async function checkRefusal(run: Run | RunHere, expects: string, path: Path): Promise<void> {
  const { error, ...printed } = { error: expects, ...run };
  expect({ error, ...printed }).toMatchObject({ error: expects, code: 125, stdout: '' });
  checkOneError(run);
  expect(await readdir(path(''))).not.toContain('digest');
  // Blobs may have arrived, but nothing that names them, and nothing half.
  expect(await leftovers(path(''))).toEqual([]);
  await expect(lstat(path('out/index.json'))).rejects.toMatchObject({ code: 'ENOENT' });
}

/** What a push may change: its destination, and what it remembers. */
const CHANGES = new Set(['out', 'digest', '.cache']);

/** All that is in a directory but what a push may change. */
async function treeOf(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory, { recursive: true });
  const others = names.filter((name) => !CHANGES.has(name.split('/', 1)[0] ?? ''));
  const told = others.map(async (name) => {
    const path = join(directory, name);
    const found = await lstat(path);
    const target = found.isSymbolicLink() ? await readlink(path) : '';
    // Temporary files come and go.
    const time = found.isDirectory() ? '' : found.mtimeMs;
    return `${name} ${found.mode.toString(8)} ${found.size} ${time} ${target}`;
  });
  return (await Promise.all(told)).toSorted();
}

/** Prints how many cases there were. */
export function tellCases(what: string, ...tables: readonly (readonly HostileCase[])[]): void {
  afterAll(() =>
    tell(what, { cases: tables.flat().length, 'in processes of their own': children }),
  );
}
