import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { engineAddress } from '../../../src/transports/docker-daemon/engine-address.ts';
import { temporaryDirectory, withoutPermission } from '../../support/scratch.ts';
import { thrownBy } from '../../support/thrown.ts';

const NO_HOME = { HOME: '/nowhere' };

describe('engineAddress', () => {
  test.each([
    ['', 'unix:///var/run/docker.sock', 'http://api.moby.localhost/', '/var/run/docker.sock'],
    ['unix:///a b', 'unix:///a b', 'http://api.moby.localhost/', '/a b'],
    ['unix://a/b', 'unix://a/b', 'http://api.moby.localhost/', 'a/b'],
    ['tcp://h:2375', 'tcp://h:2375', 'http://h:2375/', undefined],
    ['tcp://[::1]:2375', 'tcp://[::1]:2375', 'http://[::1]:2375/', undefined],
    ['http://h/a/', 'http://h', 'http://h/a/', undefined],
    ['https://h:2376', 'https://h:2376', 'https://h:2376/', undefined],
  ])('of DOCKER_HOST=%s', async (host, name, url, socketPath) => {
    const address = await engineAddress({ ...NO_HOME, DOCKER_HOST: host });
    expect(address).toEqual({
      name,
      url: new URL(url),
      ...(socketPath !== undefined && { socketPath }),
      certificates: {},
    });
  });

  test.each([
    ['tcp://h:1', 'DOCKER_TLS_VERIFY', 'https:'],
    ['tcp://h:1', 'DOCKER_CERT_PATH', 'https:'],
    ['http://h:1', 'DOCKER_TLS_VERIFY', 'http:'],
    ['unix:///h', 'DOCKER_TLS_VERIFY', 'http:'],
  ])('%s with %s is spoken to by %s', async (host, variable, protocol) => {
    const { url } = await engineAddress({ ...NO_HOME, DOCKER_HOST: host, [variable]: '/1' });
    expect(url.protocol).toBe(protocol);
  });

  test('reads the certificates that are there', async () => {
    const directory = await temporaryDirectory();
    const environment = { DOCKER_HOST: 'tcp://h:1', DOCKER_CERT_PATH: directory };
    expect((await engineAddress(environment)).certificates).toEqual({});
    await writeFile(join(directory, 'ca.pem'), 'authority');
    expect((await engineAddress(environment)).certificates).toEqual({ ca: 'authority' });
    await writeFile(join(directory, 'cert.pem'), 'certificate');
    expect(await thrownBy(engineAddress(environment))).toMatchObject({ code: 'CONFIG_INVALID' });
    await writeFile(join(directory, 'key.pem'), 'key');
    const certificates = { ca: 'authority', cert: 'certificate', key: 'key' };
    expect((await engineAddress(environment)).certificates).toEqual(certificates);
    const denied = await withoutPermission(directory, () => thrownBy(engineAddress(environment)));
    expect(denied).toMatchObject({ code: 'CONFIG_INVALID', origin: 'config' });
  });

  test.each([
    ['DOCKER_CONFIG', '.'],
    ['HOME', '.docker'],
  ])('finds certificates by %s', async (variable, place) => {
    const directory = await temporaryDirectory();
    await mkdir(join(directory, place), { recursive: true });
    await writeFile(join(directory, place, 'ca.pem'), 'authority');
    await chmod(directory, 0o700);
    const environment = { DOCKER_HOST: 'tcp://h:1', DOCKER_TLS_VERIFY: '1', [variable]: directory };
    expect((await engineAddress(environment)).certificates).toEqual({ ca: 'authority' });
  });

  test.each([
    ['npipe:////./pipe/docker_engine', 'UNSUPPORTED'],
    ['ssh://user@host', 'UNSUPPORTED'],
    ['fd://', 'CONFIG_INVALID'],
    ['/var/run/docker.sock', 'CONFIG_INVALID'],
    ['unix://', 'CONFIG_INVALID'],
    ['tcp://user:secret@host:1', 'CONFIG_INVALID'],
    ['tcp://h:x', 'CONFIG_INVALID'],
  ])('refuses DOCKER_HOST=%s', async (host, code) => {
    const error = await thrownBy(engineAddress({ DOCKER_HOST: host }));
    expect(error).toMatchObject({ code, origin: 'config', hint: expect.any(String) });
    expect(error.message).not.toContain('secret');
  });
});
