/** Connections that are made early: to the right place, for one taker each, and gone with the push. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { onTestFinished, expect, test } from 'vitest';
import { dial, type Dial } from '../../src/registry/dial.ts';
import { HeadStart } from '../../src/registry/head-start.ts';
import type { RegistryOptions } from '../../src/registry/options.ts';
import { registryOptions } from '../support/registry-options.ts';
import { serveTcp } from './server.ts';

const DIALLING = { timeout: 10_000, signal: new AbortController().signal };

/** A head start whose connections are counted by where they lead, all to one server. */
async function begin(
  registry: string,
  options: Partial<RegistryOptions> = {},
): Promise<{ readonly start: HeadStart; readonly dialled: string[] }> {
  const { url: server } = await serveTcp('http', () => undefined);
  const dialled: string[] = [];
  const counting: Dial = (url, dialling) => {
    dialled.push(url.origin);
    return dial(server, dialling);
  };
  const given = registryOptions({ dial: counting, ...options });
  const start = await HeadStart.begin({ registry, path: 'team/app' }, given);
  onTestFinished(() => start[Symbol.dispose]());
  return { start, dialled };
}

async function taken(start: HeadStart, url: string): Promise<Socket> {
  const socket = await start.dial(new URL(url), DIALLING);
  onTestFinished(() => void socket.destroy());
  return socket;
}

const PROXY = new URL('http://me:secret@proxy.test:3128');

test.each<[what: string, registry: string, Partial<RegistryOptions>, dialled: readonly string[]]>([
  ['HTTPS', 'a.test', {}, ['https://a.test']],
  ['a port', 'a.test:5000', {}, ['https://a.test:5000']],
  ['Docker Hub', 'docker.io', {}, ['https://registry-1.docker.io']],
  ['both schemes', 'a.test', { tlsVerify: false }, ['https://a.test', 'http://a.test']],
  [
    'both where that is configured',
    'a.test',
    { securityOf: async () => 'insecure' },
    ['https://a.test', 'http://a.test'],
  ],
  ['a proxy', 'a.test', { proxyFor: () => PROXY }, ['http://proxy.test:3128']],
])('goes by %s', async (_, registry, options, expected) => {
  const { start, dialled } = await begin(registry, options);
  await taken(start, expected[0] ?? '');
  expect(dialled).toEqual(expected);
});

test('hands each connection out once', async () => {
  const { start, dialled } = await begin('a.test:5000', { tlsVerify: false });
  const sockets = [
    await taken(start, 'https://a.test:5000'),
    await taken(start, 'http://a.test:5000'),
  ];
  expect(dialled).toHaveLength(2);
  sockets.push(await taken(start, 'http://a.test:5000'));
  expect(dialled).toHaveLength(3);
  expect(new Set(sockets).size).toBe(3);
});

test('hands out none that leads elsewhere, or that the other side has closed', async () => {
  const { start, dialled } = await begin('a.test');
  await taken(start, 'https://b.test');
  expect(dialled).toEqual(['https://a.test', 'https://b.test']);
  const closing = await serveTcp('http', (socket) => socket.end());
  const closed = connect(Number(closing.url.port), '127.0.0.1');
  await once(closed.resume(), 'close');
  const other = await begin('a.test', { dial: async () => closed });
  expect(await other.start.dial(new URL('https://a.test'), DIALLING)).toBe(closed);
});

test.each<[what: string, Partial<RegistryOptions>]>([
  ['a registry that is blocked', { securityOf: () => Promise.reject(new Error('blocked')) }],
  [
    'a proxy that cannot be used',
    {
      proxyFor: () => {
        throw new Error('no proxy');
      },
    },
  ],
])('connects to nothing for %s', async (_, options) => {
  const { start, dialled } = await begin('a.test', options);
  await taken(start, 'https://other.test');
  expect(dialled).toEqual(['https://other.test']);
});

test('fails where the connection is wanted', async () => {
  const refused = new Error('refused');
  const { start } = await begin('a.test', { dial: () => Promise.reject(refused) });
  await expect(start.dial(new URL('https://a.test'), DIALLING)).rejects.toBe(refused);
});

test('leaves no connection behind, whether it was taken or not', async () => {
  const { url: server, sockets } = await serveTcp('http', () => undefined);
  const straight: Dial = (_url, dialling) => dial(server, dialling);
  const { start } = await begin('a.test', { tlsVerify: false, dial: straight });
  const socket = await taken(start, 'https://a.test');
  await expect.poll(() => sockets.length).toBe(2);
  const ends = [socket, ...sockets].map(
    (each) => new Promise((resolve) => each.resume().once('close', resolve)),
  );
  start[Symbol.dispose]();
  await Promise.all(ends);
  expect(socket.destroyed).toBe(true);
});
