/** The table server plays its rows, once each, and tells what did not fit. */
import { afterEach, expect, test } from 'vitest';
import { ask } from './registry/request.ts';
import { startScriptedRegistry, type ScriptedRegistry, type ScriptedRow } from './request-table.ts';

let scripted: ScriptedRegistry;

afterEach(async () => scripted[Symbol.asyncDispose]());

async function play(...rows: readonly ScriptedRow[]): Promise<string> {
  scripted = await startScriptedRegistry(rows);
  return `http://${scripted.host}`;
}

test('a row answers the request that it describes, once', async () => {
  const url = await play({
    request: {
      method: 'PUT',
      path: '/v2/a/b/blobs/uploads/x',
      query: { digest: 'sha256:1' },
      headers: { 'content-length': '3', authorization: /^Bearer / },
      body: 'abc',
    },
    answer: { status: 201, headers: { location: 'http://{host}/there' }, body: '{"at":"{host}"}' },
  });
  const put = `${url}/v2/a/b/blobs/uploads/x?_state=s&digest=sha256%3A1`;
  const headers = { authorization: 'Bearer t' };
  const reply = await ask('PUT', put, { headers, body: 'abc' });
  expect(reply).toMatchObject({ status: 201, location: `http://${scripted.host}/there` });
  expect(JSON.parse(reply.text)).toEqual({ at: scripted.host });
  scripted.verify();
  expect((await ask('PUT', put, { headers, body: 'abc' })).status).toBe(500);
  expect(() => scripted.verify()).toThrow(/unexpected: PUT .*_state=s/);
});

const STRICT: ScriptedRow = {
  request: { method: 'POST', path: '/p', query: { q: '1' }, headers: { h: 'v' }, body: 'b' },
  answer: { status: 204 },
};

test.each([
  ['GET', '/p?q=1', { h: 'v' }, 'b'],
  ['POST', '/P?q=1', { h: 'v' }, 'b'],
  ['POST', '/p?q=2', { h: 'v' }, 'b'],
  ['POST', '/p', { h: 'v' }, 'b'],
  ['POST', '/p?q=1', { h: 'w' }, 'b'],
  ['POST', '/p?q=1', {}, 'b'],
  ['POST', '/p?q=1', { h: 'v' }, 'c'],
])('%s %s with %o and body %s does not fit', async (method, path, headers, body) => {
  const url = await play(STRICT);
  expect((await ask(method, url + path, { headers, body })).status).toBe(500);
  expect(() => scripted.verify()).toThrow(/never came: POST \/p\?q=1/);
});

test('rows come in any order, but not before the row that they are after', async () => {
  const get = { method: 'GET', path: '/v2/' } as const;
  const url = await play(
    { after: 'login', request: get, answer: { status: 200 } },
    { name: 'login', request: { method: 'GET', path: '/token' }, answer: { status: 200 } },
    { request: get, answer: { status: 401 } },
  );
  expect((await ask('GET', `${url}/v2/`)).status).toBe(401);
  expect((await ask('GET', `${url}/token`)).status).toBe(200);
  expect((await ask('GET', `${url}/v2/`)).status).toBe(200);
  scripted.verify();
});

test('a row can end the connection', async () => {
  const url = await play({ request: { method: 'GET', path: '/' }, answer: 'close' });
  await expect(ask('GET', url)).rejects.toMatchObject({ code: 'ECONNRESET' });
  scripted.verify();
});
