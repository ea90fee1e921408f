/** Where the Docker Engine listens, and how one speaks to it there, as the docker command finds it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { homeDirectory } from '../../config/home.ts';
import { OcipushError } from '../../errors.ts';
import { isAbsent, systemReason } from '../../io/system-error.ts';

export interface EngineAddress {
  /** For people to read, as they may write it into `DOCKER_HOST`. */
  readonly name: string;
  /** The root of the API. */
  readonly url: URL;
  /** The socket that listens, where it is not that of the URL. */
  readonly socketPath?: string;
  readonly certificates: EngineCertificates;
}

/** PEM texts for a connection by TLS. */
export interface EngineCertificates {
  /** The only authorities to trust; those of the system where there are none. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

const DEFAULT_HOST = 'unix:///var/run/docker.sock';

/** What the docker command says in the Host header where a socket has no name. */
const SOCKET_ORIGIN = 'http://api.moby.localhost';

/**
 * Reads `DOCKER_HOST`, `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH`, which podman and skopeo ignore.
 * TLS is spoken by `https://`, and by `tcp://` where either of the latter is set.
 * @throws OcipushError CONFIG_INVALID, UNSUPPORTED
 */
export async function engineAddress(environment: NodeJS.ProcessEnv): Promise<EngineAddress> {
  const host = environment['DOCKER_HOST'] || DEFAULT_HOST;
  const [, scheme = '', rest = ''] = /^([a-z]+):\/\/(.+)$/.exec(host) ?? [];
  if (scheme === 'unix') {
    return { name: host, url: new URL(SOCKET_ORIGIN), socketPath: rest, certificates: {} };
  }
  if (!['tcp', 'http', 'https'].includes(scheme)) throw unusable(host, scheme);
  const wishesTLS = environment['DOCKER_TLS_VERIFY'] || environment['DOCKER_CERT_PATH'];
  const isSecure = scheme === 'https' || (scheme === 'tcp' && Boolean(wishesTLS));
  const url = parseURL(`${isSecure ? 'https' : 'http'}://${rest}`, host);
  return {
    name: `${scheme}://${url.host}`,
    url,
    certificates: isSecure ? await readCertificates(environment) : {},
  };
}

function parseURL(text: string, host: string): URL {
  try {
    const url = new URL(text);
    if (url.username === '' && url.password === '') return url;
  } catch (error) {
    throw invalid(`unable to parse docker host ${JSON.stringify(host)}`, error);
  }
  throw invalid('unable to parse docker host: it must not hold a user name or a password');
}

async function readCertificates(environment: NodeJS.ProcessEnv): Promise<EngineCertificates> {
  const directory = environment['DOCKER_CERT_PATH'] || defaultDirectory(environment);
  if (directory === undefined) return {};
  const [ca, cert, key] = await Promise.all(
    ['ca.pem', 'cert.pem', 'key.pem'].map((name) => readOptional(join(directory, name))),
  );
  if ((cert === undefined) !== (key === undefined)) {
    throw invalid(`${directory} has only one of cert.pem and key.pem`);
  }
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
}

/** That of the docker command's configuration; for a wish in the environment only. */
function defaultDirectory(environment: NodeJS.ProcessEnv): string | undefined {
  if (!environment['DOCKER_TLS_VERIFY']) return undefined;
  const home = homeDirectory(environment);
  return environment['DOCKER_CONFIG'] || (home && join(home, '.docker'));
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'latin1');
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw invalid(`reading ${path}: ${systemReason(error)}`, error);
  }
}

function unusable(host: string, scheme: string): OcipushError {
  if (scheme === '') return invalid(`unable to parse docker host ${JSON.stringify(host)}`);
  return new OcipushError('UNSUPPORTED', `DOCKER_HOST: ${scheme}:// is not supported`, {
    origin: 'config',
    hint:
      scheme === 'ssh'
        ? 'forward its socket (ssh -L) and name that: DOCKER_HOST=unix://PATH'
        : 'let DOCKER_HOST begin with unix://, tcp://, http:// or https://',
  });
}

function invalid(problem: string, cause?: unknown): OcipushError {
  return new OcipushError('CONFIG_INVALID', problem, {
    origin: 'config',
    hint: 'see DOCKER_HOST, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH in the environment',
    cause,
  });
}
