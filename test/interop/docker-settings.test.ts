/** What Docker alone knows of an image stays with it in the OCI format: Docker reads it there, and it can go back. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { OCI_MANIFEST, DOCKER_MANIFEST } from '../../src/image/media-types.ts';
import { startDockerEngine } from '../support/docker-engine.ts';
import { makeLayer, writeOciLayout } from '../support/make-image.ts';
import { peerPath, requirePeers } from '../support/peers.ts';
import { openExchange, type Exchange } from './exchange.ts';
import { podmanReader } from './read-back.ts';

const hasPeers = requirePeers(
  'docker',
  'docker-registry',
  'dockerd',
  'podman',
  'podman-12',
  'skopeo',
);

const SETTINGS = {
  Healthcheck: { Test: ['CMD', '/bin/<check>'], Interval: 30_000_000_000, Retries: 3 },
  OnBuild: ['RUN /bin/a && /bin/b'],
  Shell: ['/bin/bash', '-ec'],
};

describe.runIf(hasPeers)('an image of Docker', () => {
  test('that is pushed in the OCI format', async () => {
    await using exchange = await openExchange();
    const layers = [await makeLayer({ a: 'a' })];
    const config = { config: { Cmd: ['/a'], ...SETTINGS } };
    const spec = { format: 'docker', compression: 'gzip', layers, config } as const;
    await writeOciLayout(exchange.path('image'), spec);
    expect(await exchange.push('oci:image', 'settings:oci', ['--format=oci'])).toMatchObject({
      code: 0,
    });
    expect(await typeOf(exchange, 'settings:oci')).toBe(OCI_MANIFEST);

    expect(await settingsInDocker(exchange.at('settings:oci'))).toMatchObject(SETTINGS);
    const oci = await configOf(exchange, 'settings:oci');
    for (const podman of ['podman', 'podman-12'] as const) {
      const read = await podmanReader(podman)(exchange.peers, exchange.at('settings:oci'));
      expect(read.diffIDs).toEqual(JSON.parse(oci).rootfs.diff_ids);
    }

    const source = `docker://${exchange.at('settings:oci')}`;
    expect(await exchange.push(source, 'settings:back', ['--format=v2s2'])).toMatchObject({
      code: 0,
    });
    expect(await typeOf(exchange, 'settings:back')).toBe(DOCKER_MANIFEST);
    expect(await configOf(exchange, 'settings:back')).toBe(oci);
    expect(await settingsInDocker(exchange.at('settings:back'))).toMatchObject(SETTINGS);
  });
});

async function settingsInDocker(image: string): Promise<unknown> {
  await using engine = await startDockerEngine();
  const docker = async (...args: readonly string[]): Promise<string> => {
    const line = ['-H', engine.host, ...args];
    return (await promisify(execFile)(peerPath('docker'), line, { env: {} })).stdout;
  };
  await docker('pull', '--quiet', image);
  return JSON.parse(await docker('image', 'inspect', '--format={{json .Config}}', image));
}

async function typeOf(exchange: Exchange, name: string): Promise<unknown> {
  return JSON.parse(await inspect(exchange, name)).mediaType;
}

/** The bytes of it. */
function configOf(exchange: Exchange, name: string): Promise<string> {
  return inspect(exchange, name, '--config');
}

async function inspect(
  exchange: Exchange,
  name: string,
  ...flags: readonly string[]
): Promise<string> {
  const image = `docker://${exchange.at(name)}`;
  const line = ['inspect', '--raw', '--tls-verify=false', ...flags, image];
  return (await exchange.peers.run('skopeo', ...line)).toString();
}
