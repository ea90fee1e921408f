/** Which files hold credentials, in the order in which they are asked. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OcipushError } from '../errors.ts';
import { homeDirectory } from './home.ts';
import { systemCode } from '../io/system-error.ts';

export interface AuthFilePath {
  readonly path: string;
  /** What the user set to choose this file; undefined for a well-known place. */
  readonly namedBy: '--authfile' | '$REGISTRY_AUTH_FILE' | '$DOCKER_CONFIG' | undefined;
}

/** What the well-known places depend on beside the environment. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  /** Of this process; 0 where there are no user IDs. */
  readonly uid: number;
  /** `/run`, unless in a test. */
  readonly runDirectory: string;
}

/**
 * The auth files of `podman push`: one that the user named is the only one; else those of
 * containers-auth.json(5), FILES.
 * @param warn told of an XDG_RUNTIME_DIR that is not there
 */
export async function authFilePaths(
  authfile: string | undefined,
  environment: NodeJS.ProcessEnv,
  warn: (message: string) => void,
  machine: Machine = thisMachine(),
): Promise<readonly AuthFilePath[]> {
  if (authfile) return [{ path: authfile, namedBy: '--authfile' }];
  const { REGISTRY_AUTH_FILE: registryAuthFile, DOCKER_CONFIG: dockerConfig } = environment;
  if (registryAuthFile) return [{ path: registryAuthFile, namedBy: '$REGISTRY_AUTH_FILE' }];
  if (dockerConfig) {
    return [{ path: join(dockerConfig, 'config.json'), namedBy: '$DOCKER_CONFIG' }];
  }
  const runtime =
    machine.platform === 'linux' ? await runtimePaths(environment, warn, machine) : [];
  const paths = new Set([...runtime, ...homePaths(environment, machine)]);
  return [...paths].map((path) => ({ path, namedBy: undefined }));
}

/** The file that a login changes. */
export interface AuthFileTarget {
  readonly path: string;
  /** `docker`: as docker writes its config.json, which knows no namespaces. */
  readonly format: 'containers' | 'docker';
}

/** The flags that name a file to change; at most one of them is there. */
export interface AuthFileFlags {
  readonly authfile?: string | undefined;
  readonly compatAuthFile?: string | undefined;
}

/**
 * The file that `podman login` writes: the one that the user named, else the first of
 * containers-auth.json(5), FILES.
 * @throws OcipushError CONFIG_INVALID when its directory is missing or unknown
 */
export async function authFileToChange(
  { authfile, compatAuthFile }: AuthFileFlags,
  environment: NodeJS.ProcessEnv,
  machine: Machine = thisMachine(),
): Promise<AuthFileTarget> {
  if (compatAuthFile) return { path: compatAuthFile, format: 'docker' };
  const [first] = await authFilePaths(authfile, environment, refuseToWrite, machine);
  if (first === undefined) throw invalid('there is no home directory for an auth file');
  return { path: first.path, format: first.namedBy === '$DOCKER_CONFIG' ? 'docker' : 'containers' };
}

/** What is to be kept must not end up in a place that was not meant. */
function refuseToWrite(reason: string): never {
  throw invalid(reason);
}

/** Where `podman login` writes on Linux. */
async function runtimePaths(
  environment: NodeJS.ProcessEnv,
  warn: (message: string) => void,
  { uid, runDirectory }: Machine,
): Promise<readonly string[]> {
  const runtime = environment['XDG_RUNTIME_DIR'];
  if (runtime) {
    if ((await ownerOf(runtime)) !== 'absent') return [authJson(runtime)];
    warn(
      `"${runtime}" directory set by $XDG_RUNTIME_DIR does not exist. ` +
        'Either create the directory or unset $XDG_RUNTIME_DIR',
    );
    return [];
  }
  const system = join(runDirectory, 'containers', String(uid), 'auth.json');
  // Rootless podman sets the variable itself, so that is where its login wrote.
  const user = join(runDirectory, 'user', String(uid));
  return uid !== 0 && (await ownerOf(user)) === uid ? [authJson(user), system] : [system];
}

function homePaths(environment: NodeJS.ProcessEnv, { platform }: Machine): readonly string[] {
  const home = homeDirectory(environment);
  const inHome = (...parts: string[]) => (home === undefined ? [] : [join(home, ...parts)]);
  const userConfig = environment['XDG_CONFIG_HOME'];
  return [
    ...(platform === 'linux' ? [] : inHome('.config', 'containers', 'auth.json')),
    ...(userConfig ? [authJson(userConfig)] : inHome('.config', 'containers', 'auth.json')),
    ...inHome('.docker', 'config.json'),
    ...inHome('.dockercfg'),
  ];
}

function authJson(directory: string): string {
  return join(directory, 'containers', 'auth.json');
}

/** The user ID that owns a path; one that cannot be looked at is there all the same. */
async function ownerOf(path: string): Promise<number | 'absent' | 'unknown'> {
  try {
    return (await stat(path)).uid;
  } catch (error) {
    return systemCode(error) === 'ENOENT' ? 'absent' : 'unknown';
  }
}

function thisMachine(): Machine {
  return { platform: process.platform, uid: process.getuid?.() ?? 0, runDirectory: '/run' };
}

function invalid(message: string): OcipushError {
  return new OcipushError('CONFIG_INVALID', message, {
    origin: 'config',
    hint: 'name a file with --authfile',
  });
}
