/** Runs the real docker-registry (distribution 2.8) on a free loopback port, with a data directory of its own. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { peerPath } from './peers.ts';

export interface DockerRegistryOptions {
  /** The only user who may read or write, by Basic authentication. */
  htpasswd?: { user: string; password: string };
  /** Where tokens are had, and the certificate (PEM) of whoever signs them, by token authentication. */
  token?: { realm: string; service: string; issuer: string; certificate: string };
  /** Paths of PEM files; with them the registry speaks HTTPS only, with `clientCA` to known clients only. */
  tls?: { cert: string; key: string; clientCA?: string };
}

export interface DockerRegistry extends AsyncDisposable {
  /** Address and port, as in an image reference: `127.0.0.1:40123`. */
  readonly host: string;
  /** The root of the registry's filesystem storage. */
  readonly dataDir: string;
  /** What was answered so far, as `201 PUT /v2/team/app/manifests/1` without a query. */
  requests(): Promise<readonly string[]>;
}

/** Starts a registry that listens when this resolves; disposing it ends the process and removes its files. */
export async function startDockerRegistry(
  options: DockerRegistryOptions = {},
): Promise<DockerRegistry> {
  const command = peerPath('docker-registry');
  const dir = await mkdtemp(join(tmpdir(), 'docker-registry-'));
  const dataDir = join(dir, 'data');
  const accessLog = join(dir, 'access.log');
  let child: ChildProcess | undefined;
  const stop = async (): Promise<void> => {
    if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    }
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const config = join(dir, 'config.yml');
    await writeFile(config, JSON.stringify(await configuration(dir, dataDir, options)));
    const log = openSync(accessLog, 'a');
    child = spawn(command, ['serve', config], { stdio: ['ignore', log, 'pipe'] });
    closeSync(log);
    const host = await listening(child);
    return { host, dataDir, requests: () => requestsIn(accessLog), [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The configuration as JSON, which is YAML. */
async function configuration(
  dir: string,
  dataDir: string,
  { htpasswd, token, tls }: DockerRegistryOptions,
): Promise<object> {
  const config = {
    version: 0.1,
    storage: { filesystem: { rootdirectory: dataDir } },
    // Port 0: the kernel picks a free one and the registry logs which.
    http: {
      addr: '127.0.0.1:0',
      secret: randomBytes(16).toString('hex'),
      ...(tls && {
        tls: {
          certificate: tls.cert,
          key: tls.key,
          ...(tls.clientCA !== undefined && { clientcas: [tls.clientCA] }),
        },
      }),
    },
  };
  if (token) {
    const { certificate, ...asked } = token;
    const rootcertbundle = join(dir, 'token.crt');
    await writeFile(rootcertbundle, certificate);
    return { ...config, auth: { token: { ...asked, rootcertbundle } } };
  }
  if (!htpasswd) return config;
  const path = join(dir, 'htpasswd');
  await writeFile(
    path,
    execFileSync('htpasswd', ['-Bin', htpasswd.user], { input: htpasswd.password }),
  );
  return { ...config, auth: { htpasswd: { realm: 'docker-registry', path } } };
}

/** The address in the registry's "listening on" line. Its log is read on after that, else it would block on a full pipe. */
function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const log: string[] = [];
    if (!child.stderr) throw new Error('docker-registry: stderr is not a pipe');
    createInterface({ input: child.stderr }).on('line', (line) => {
      const host = /listening on (127\.0\.0\.1:\d+)/.exec(line)?.[1];
      if (host === undefined) log.push(line);
      else resolve(host);
    });
    child.once('error', reject);
    child.once('close', () =>
      reject(new Error(`docker-registry ended at its start:\n${log.join('\n')}`)),
    );
  });
}

/** Requests in the combined log format: its line is written before the last byte of the answer. */
async function requestsIn(accessLog: string): Promise<readonly string[]> {
  const lines = (await readFile(accessLog, 'utf8')).matchAll(
    /"(\S+ [^ ?]+)\S* HTTP\/[\d.]+" (\d+)/g,
  );
  return [...lines].map(([, request, status]) => `${status} ${request}`);
}
