/** The programs that write container storage for us: which there is, and how it is told what to do. */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import process from 'node:process';
import { formatReference } from '../../image/docker-reference.ts';
import { OcipushError } from '../../errors.ts';
import type { StoreSpecifier } from './specifier.ts';
import { formatTarget, type StorageTarget } from './target.ts';

/** What is to be copied, and what is there for the one who does it. */
export interface DelegatedCopy {
  /** A `dir:` directory with the image. */
  readonly image: string;
  /** The ID that the image has in any storage: the digits of the digest of its config. */
  readonly id: string;
  readonly target: StorageTarget;
  /** A policy.json that accepts everything. */
  readonly policy: string;
  /** A directory for temporary files. */
  readonly temporary: string;
}

/** A program that can write container storage. */
export interface Delegate {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  /** The arguments of each run; the image is at the target after the last one. */
  argumentsFor(copy: DelegatedCopy): readonly (readonly string[])[];
  /** The user's environment, with nothing else said about the storage. */
  environmentFor(copy: DelegatedCopy, environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv;
}

interface DelegateKind extends Omit<Delegate, 'path'> {
  /** Whether an image can get a name that contains its digest. */
  readonly namesDigests: boolean;
}

/** One step, which does not show the image by its name before it is whole. */
const SKOPEO: DelegateKind = {
  name: 'skopeo',
  namesDigests: true,
  argumentsFor: ({ image, target, policy, temporary }) => {
    const { text = '' } = target.specifier ?? {};
    const destination = `containers-storage:${text}${formatTarget(target)}`;
    const options = ['--policy', policy, '--tmpdir', temporary];
    return [[...options, 'copy', '--quiet', `dir:${image}`, destination]];
  },
  environmentFor: (_copy, environment) => environment,
};

/** It gives an image from a directory no name: that comes second, when the image is whole. */
const PODMAN: DelegateKind = {
  name: 'podman',
  namesDigests: false,
  argumentsFor: ({ image, id, target, policy }) => {
    // A podman at the other end of a connection does not see this directory.
    const options = ['--remote=false', ...podmanStorage(target.specifier)];
    const pull = [...options, 'pull', '--quiet', '--signature-policy', policy, `dir:${image}`];
    const { named } = target;
    return named === undefined ? [pull] : [pull, [...options, 'tag', id, formatReference(named)]];
  },
  environmentFor: ({ temporary }, environment) => {
    // It has no flag for this, and leaves its copies of layers there when it is killed. For a user
    // without a run-time directory, TMPDIR says where podman keeps its state: then it must stay.
    const isFree = process.geteuid?.() === 0 || environment['XDG_RUNTIME_DIR'];
    return isFree ? { ...environment, TMPDIR: temporary } : environment;
  },
};

/** Those that leave less to be done after a kill come first. */
const KINDS: readonly DelegateKind[] = [SKOPEO, PODMAN];

/**
 * The program in the user's PATH that can write the image there.
 * @throws OcipushError UNSUPPORTED when there is none
 */
export async function findDelegate(
  target: StorageTarget,
  environment: NodeJS.ProcessEnv,
): Promise<Delegate> {
  const { named } = target;
  let isPodmanThere = false;
  for (const kind of KINDS) {
    const path = await findProgram(kind.name, environment['PATH'] ?? '');
    if (path === undefined) continue;
    if (named?.digest === undefined || kind.namesDigests) return { ...kind, path };
    isPodmanThere = true;
  }
  throw isPodmanThere ? needsSkopeo() : needsDelegate();
}

async function findProgram(name: string, searchPath: string): Promise<string | undefined> {
  for (const directory of searchPath.split(delimiter)) {
    const path = join(directory, name);
    // As in Go, nothing is run from the working directory.
    if (isAbsolute(directory) && (await isProgram(path))) return path;
  }
  return undefined;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** The flags of podman for what a specifier says. */
function podmanStorage(specifier: StoreSpecifier | undefined): readonly string[] {
  if (specifier === undefined) return [];
  const { graphRoot, runRoot, driver, options } = specifier;
  return [
    ...(graphRoot === undefined ? [] : ['--root', graphRoot]),
    ...(runRoot === undefined ? [] : ['--runroot', runRoot]),
    ...(driver === undefined ? [] : ['--storage-driver', driver]),
    ...options.flatMap((option) => ['--storage-opt', option]),
  ];
}

function needsDelegate(): OcipushError {
  return new OcipushError(
    'UNSUPPORTED',
    'writing to container storage takes skopeo or podman, and neither is in PATH',
    {
      origin: 'destination',
      hint: 'install skopeo or podman, or push to oci-archive: and load the file where podman is',
    },
  );
}

function needsSkopeo(): OcipushError {
  return new OcipushError(
    'UNSUPPORTED',
    'podman cannot name an image by its digest in container storage, and skopeo is not in PATH',
    { origin: 'destination', hint: 'install skopeo, or give the image a tag without a digest' },
  );
}
