import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeEach, describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/image/digest.ts';
import {
  checkLookaside,
  readLookaside,
  writeLookaside,
} from '../../../src/transports/registry/lookaside.ts';
import { serveHttp } from '../../registry/server.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import { registryOptions } from '../../support/registry-options.ts';
import { temporaryDirectory, withoutPermission } from '../../support/scratch.ts';
import { thrownBy } from '../../support/thrown.ts';

const DIGEST = digestOf(Buffer.from('manifest'));
const NAME = `team/app@sha256=${DIGEST.slice('sha256:'.length)}`;

let root = '';
let base = '';

beforeEach(async () => {
  root = join(await temporaryDirectory(), 'look aside');
  base = pathToFileURL(root).href;
});

const web = {
  registry: registryOptions({
    credentialsFor: () => {
      throw new Error('nobody is to know them here');
    },
    clock: fakeClock(),
  }),
  signal: new AbortController().signal,
};

function place(at = base) {
  return { base: at, path: 'team/app', digest: DIGEST };
}

async function read(at = base): Promise<readonly string[]> {
  return (await readLookaside(place(at), web)).map(String);
}

async function write(...blobs: readonly string[]): Promise<readonly string[]> {
  await writeLookaside(
    place(),
    blobs.map((blob) => Buffer.from(blob)),
  );
  return (await readdir(join(root, NAME))).toSorted();
}

describe('files', () => {
  test('take the place of those that were there', async () => {
    expect(await read()).toEqual([]);
    expect(await write('a', 'b', 'c')).toEqual(['signature-1', 'signature-2', 'signature-3']);
    expect(await read()).toEqual(['a', 'b', 'c']);
    expect(await write('d')).toEqual(['signature-1']);
    expect(await readFile(join(root, NAME, 'signature-1'), 'utf8')).toBe('d');
  });

  test('beyond a gap belong to nobody', async () => {
    await write('a');
    await writeFile(join(root, NAME, 'signature-3'), 'x');
    expect(await read()).toEqual(['a']);
    expect(await write('b')).toEqual(['signature-1', 'signature-3']);
  });

  test('are not read without end', async () => {
    await write(...Array.from({ length: 128 }, String));
    expect(await thrownBy(read())).toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  test('that cannot be read are no missing ones', async () => {
    await mkdir(join(root, NAME, 'signature-1'), { recursive: true });
    expect(await thrownBy(read())).toMatchObject({ code: 'FILE_UNREADABLE' });
  });
});

describe('a web server', () => {
  test('delivers what it has, wherever that is', async () => {
    const { url } = await serveHttp(({ url: path, headers }, response) => {
      if (headers.authorization !== undefined) response.writeHead(500).end();
      else if (path === `/l/${NAME}/signature-1`) response.end('a');
      else if (path === `/l/${NAME}/signature-2`) response.writeHead(302, { location: '/b' }).end();
      else if (path === '/b') response.end('b');
      else response.writeHead(404).end();
    });
    expect(await read(`${url.origin}/l`)).toEqual(['a', 'b']);
  });

  test('that fails is no missing signature', async () => {
    const { url } = await serveHttp((_, response) => response.writeHead(403).end());
    expect(await thrownBy(read(url.origin))).toMatchObject({ code: 'REGISTRY_STATUS' });
  });
});

describe('the check of a place', () => {
  test('changes nothing, and needs no directory', async () => {
    await checkLookaside(base, 'team/app');
    expect(await read()).toEqual([]);
    await expect(readdir(root)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test.each<[what: string, spoil: () => Promise<unknown>]>([
    ['a file', () => writeFile(root, '')],
    ['a file on the way', () => mkdir(root).then(() => writeFile(join(root, 'team'), ''))],
  ])('refuses %s', async (_, spoil) => {
    await spoil();
    const refusal = { code: 'FILE_UNWRITABLE', origin: 'destination' };
    expect(await thrownBy(checkLookaside(base, 'team/app'))).toMatchObject(refusal);
    expect(await thrownBy(write('a'))).toMatchObject(refusal);
  });

  test('refuses a directory that may not be entered', async () => {
    await mkdir(root);
    await withoutPermission(root, async () => {
      expect(await thrownBy(checkLookaside(base, 'team/app'))).toMatchObject({
        code: 'FILE_UNWRITABLE',
        hint: expect.stringContaining('lookaside') as string,
      });
    });
  });

  test.each([
    ['http://s.example/l', 'UNSUPPORTED', 'Writing directly to a http lookaside URL'],
    ['https://s.example/l', 'UNSUPPORTED', 'Configure a lookaside-staging: location'],
    ['ftp://s.example/l', 'CONFIG_INVALID', 'unsupported lookaside URL'],
    ['file://s.example/l', 'CONFIG_INVALID', 'unsupported lookaside URL'],
    ['file:///l%2fm', 'CONFIG_INVALID', 'unsupported lookaside URL'],
    ['/l', 'CONFIG_INVALID', 'unsupported lookaside URL'],
  ])('refuses %s', async (url, code, message) => {
    expect(await thrownBy(checkLookaside(url, 'team/app'))).toMatchObject({
      code,
      origin: 'config',
      message: expect.stringContaining(message) as string,
    });
  });
});
