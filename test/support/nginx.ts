/** Runs nginx in front of a registry, as many people do, on a free loopback port. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { peerPath } from './peers.ts';

export interface NginxOptions {
  /** `proxy_request_buffering`: whether a request is read whole before the registry hears of it. */
  readonly buffering: 'on' | 'off';
  /** `client_max_body_size`, such as `1m`; `0` is no limit. */
  readonly bodyLimit: string;
}

export interface Nginx extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly host: string;
}

/** Answers when this resolves. */
export async function startNginx(registry: string, options: NginxOptions): Promise<Nginx> {
  const dir = await mkdtemp(join(tmpdir(), 'nginx-'));
  const entrance = await openEntrance();
  const { host } = entrance;
  await writeFile(join(dir, 'nginx.conf'), configuration(dir, { ...options, host, registry }));
  const command = ['-p', dir, '-c', join(dir, 'nginx.conf'), '-e', 'stderr'];
  const child = spawn(peerPath('nginx'), command, {
    stdio: ['ignore', 'ignore', 'pipe', entrance.descriptor],
    // As a newer nginx takes over from an older one.
    env: { PATH: process.env['PATH'], NGINX: `${ENTRANCE};` },
  });
  entrance.leave();
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      await exit;
    }
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await started(child);
    return { host, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Configured extends NginxOptions {
  readonly host: string;
  readonly registry: string;
}

function configuration(dir: string, { host, registry, ...options }: Configured): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `
${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off;
worker_processes 1;
pid ${dir}/nginx.pid;
error_log stderr notice;
events {}
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${dir}/${name};`).join('\n  ')}
  server {
    listen ${host};
    client_max_body_size ${options.bodyLimit};
    location / {
      proxy_pass http://${registry};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_request_buffering ${options.buffering};
    }
  }
}
`;
}

/** The log is read on after that, else nginx would block on a full pipe. */
function started(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const log: string[] = [];
    if (!child.stderr) throw new Error('nginx: stderr is not a pipe');
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (line.includes('start worker processes')) resolve();
      else log.push(line);
    });
    child.once('error', reject);
    child.once('close', () => reject(new Error(`nginx ended at its start:\n${log.join('\n')}`)));
  });
}

/** The descriptor under which nginx gets its listening socket. */
const ENTRANCE = 3;

interface Entrance {
  readonly host: string;
  readonly descriptor: number;
  /** Closes the socket here, and nowhere else. */
  leave(): void;
}

/** nginx cannot say which port it was given: it gets one that is listened on already. */
async function openEntrance(): Promise<Entrance> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  // Node tells the descriptor of a server by no other name.
  const { fd } = Reflect.get(server, '_handle') as { readonly fd: number };
  return { host: `127.0.0.1:${port}`, descriptor: fd, leave: () => void server.close() };
}
