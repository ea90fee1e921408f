import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readKeyProvider } from '../../src/config/keyprovider-config.ts';
import { temporaryDirectory } from '../support/scratch.ts';

async function read(text: string, name = 'it') {
  const path = join(await temporaryDirectory(), 'providers.json');
  await writeFile(path, text);
  return readKeyProvider(name, { OCICRYPT_KEYPROVIDER_CONFIG: path });
}

function fileOf(provider: unknown): string {
  return JSON.stringify({ 'key-providers': { it: provider } });
}

const NO_TLS = {
  rootCaFile: '',
  certFile: '',
  keyFile: '',
  serverName: '',
  insecureSkipVerify: false,
};

describe('readKeyProvider', () => {
  test.each<[provider: object, read: object]>([
    [{ cmd: { path: '/p' } }, { kind: 'command', path: '/p', args: [] }],
    [{ cmd: { path: '/p', args: ['a', 'b'] } }, { kind: 'command', path: '/p', args: ['a', 'b'] }],
    [
      { cmd: { path: '/p' }, grpc: 'h:1' },
      { kind: 'command', path: '/p', args: [] },
    ],
    [
      { cmd: null, grpc: 'h:1' },
      { kind: 'grpc', address: 'h:1', tls: undefined },
    ],
    [{ CMD: { Path: '/p' } }, { kind: 'command', path: '/p', args: [] }], // as Go reads JSON
    [
      { grpc: 'h:1', 'grpc-tls': {} },
      { kind: 'grpc', address: 'h:1', tls: NO_TLS },
    ],
    [
      {
        grpc: 'h:1',
        'grpc-tls': { 'root-ca-file': '/ca', 'server-name': 'h', 'insecure-skip-verify': true },
      },
      {
        kind: 'grpc',
        address: 'h:1',
        tls: { ...NO_TLS, rootCaFile: '/ca', serverName: 'h', insecureSkipVerify: true },
      },
    ],
  ])('%j', async (provider, found) => {
    expect(await read(fileOf(provider))).toEqual(found);
  });

  test.each<[text: string, name: string, reason: string]>([
    [fileOf({}), 'it', 'Unsupported keyprovider invocation'],
    [fileOf({ path: '/p' }), 'it', 'Unsupported keyprovider invocation'],
    [fileOf({ cmd: {} }), 'it', 'Unsupported keyprovider invocation'],
    [fileOf({ cmd: { path: '/p' } }), 'other', 'there is no key provider other in '],
    [fileOf({ cmd: { path: '/p' } }), 'toString', 'there is no key provider toString in '],
    [fileOf({ cmd: { path: '/p', args: 'a' } }), 'it', 'args is no list of texts'],
    [fileOf({ cmd: { path: '/p', args: [{ toString: 1 }] } }), 'it', 'args is no list of texts'],
    ['{}', 'it', 'there is no key provider it in '],
    ['{', 'it', 'unexpected end of JSON input'],
    ['[]', 'it', 'expected an object'],
  ])('%s has no provider %s', async (text, name, reason) => {
    await expect(read(text, name)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(reason) as string,
    });
  });

  test.each([[{}], [{ OCICRYPT_KEYPROVIDER_CONFIG: '' }]])(
    '%j names no file',
    async (environment) => {
      await expect(readKeyProvider('it', environment)).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: 'there is no key provider it: OCICRYPT_KEYPROVIDER_CONFIG names no file',
      });
    },
  );

  test('a file that is not there is an error', async () => {
    const environment = { OCICRYPT_KEYPROVIDER_CONFIG: '/nonexistent/file' };
    await expect(readKeyProvider('it', environment)).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
    });
  });
});
