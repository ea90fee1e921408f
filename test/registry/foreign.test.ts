import { expect, test } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import { readForeign } from '../../src/registry/foreign.ts';
import { fakeClock } from '../support/fake-clock.ts';
import { registryOptions } from '../support/registry-options.ts';
import { bytesOf } from '../support/streams.ts';
import { thrownBy } from '../support/thrown.ts';
import { serveHttp, type Listener } from './server.ts';

const BYTES = Buffer.from('a foreign layer');
const DIGEST = digestOf(BYTES);

const OPTIONS = registryOptions({
  credentialsFor: async () => ({ kind: 'basic', username: 'u', password: 'secret' }) as never,
  clock: fakeClock(),
});

function read(urls: readonly string[]): Promise<Buffer> {
  const descriptor = { mediaType: 'x', digest: DIGEST, size: BYTES.length, urls };
  return bytesOf(readForeign(descriptor, OPTIONS, new AbortController().signal));
}

/** Has the layer at /layer, and leads there from /moved; sends itself round in /circle. */
const listener: Listener = ({ url, headers }, response) => {
  if (headers.authorization !== undefined) response.writeHead(500).end();
  else if (url === '/layer') response.writeHead(200).end(BYTES);
  else if (url === '/moved') response.writeHead(302, { location: '/layer' }).end();
  else if (url === '/circle') response.writeHead(307, { location: '/circle' }).end();
  else if (url === '/file') response.writeHead(302, { location: 'file:///etc/hostname' }).end();
  else response.writeHead(404).end('nothing here');
};

test.each([
  ['the first URL', ['/layer']],
  ['where that leads', ['/moved']],
  ['the next one where the first has nothing', ['/nothing', '/circle', '/layer']],
])('is read from %s', async (_, paths) => {
  const { url } = await serveHttp(listener);
  expect(await read(paths.map((path) => new URL(path, url).href))).toEqual(BYTES);
});

test.each([
  ['/nothing', 'nothing here'],
  ['/circle', '307'],
  ['/file', 'only http: and https:'],
])('is not to be had at %s', async (path, reason) => {
  const { url } = await serveHttp(listener);
  const error = await thrownBy(read([new URL(path, url).href]));
  expect(error).toMatchObject({ code: 'BLOB_UNKNOWN', origin: 'source' });
  expect(error.message).toContain(`reading blob ${DIGEST}: fetching`);
  expect(error.message).toContain(reason);
  expect(error.message).toContain('failed fetching external blob from all urls');
});

test.each(['file:///etc/hostname', 'ftp://a/b', 'nonsense', ''])(
  'is not read from %j',
  async (url) => {
    const error = await thrownBy(read([url]));
    expect(error).toMatchObject({ code: 'BLOB_UNKNOWN' });
    expect(error.message).toContain('only http: and https:');
  },
);
