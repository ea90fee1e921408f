/** Registries behind the proxy of a company: found by environment variables, with Go's rules. */
import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { aftermathOf, CLEAR_FAILURE } from '../support/failure.ts';
import { startForwardProxy, type ForwardProxyOptions } from '../support/forward-proxy.ts';
import { makeLayer, writeOciLayout } from '../support/make-image.ts';
import type { Run } from '../support/ocipush.ts';
import { pushedImage } from '../support/pushed-image.ts';
import { TEST_CERTIFICATE } from '../support/registry/certificate.ts';
import type { TlsFiles } from '../support/registry/listener.ts';
import { openScene, type Scene } from '../support/scene.ts';
import { PASSWORD, USER } from '../support/secrets.ts';

const NAME = 'registry.test:5000';
const SECRET = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`;
const CREDENTIALS = `${USER}:${encodeURIComponent(PASSWORD)}@`;

interface Passage extends AsyncDisposable {
  readonly scene: Scene;
  /** Of the proxy, with the credentials that it wants. */
  readonly url: string;
  readonly seen: readonly string[];
  push(env: Readonly<Record<string, string>>, ...flags: readonly string[]): Promise<Run>;
}

/** A registry that goes by a {@link NAME} that only the proxy knows. */
async function openPassage(
  tls: TlsFiles | undefined,
  options: Partial<ForwardProxyOptions> = {},
): Promise<Passage> {
  const scene = await openScene(tls && { tls });
  await writeOciLayout(scene.path('image'), { layers: [await makeLayer({ a: '1' })] });
  const target = scene.registry.host;
  const proxy = await startForwardProxy({ target, authorization: SECRET, ...options });
  const defaults = [
    'push',
    '--tls-verify=false',
    '--retry=0',
    '--digestfile',
    scene.path('digest'),
  ];
  return {
    scene,
    url: proxy.url.replace('//', `//${CREDENTIALS}`),
    seen: proxy.requests,
    push: (env, ...flags) =>
      scene.home.run([...defaults, ...flags, 'oci:image', `${NAME}/team/app:1`], { env }),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await scene[Symbol.asyncDispose]();
    },
  };
}

test('a registry with TLS is reached through HTTPS_PROXY', async () => {
  await using passage = await openPassage(TEST_CERTIFICATE);
  expect(await passage.push({ HTTPS_PROXY: passage.url })).toMatchObject({ code: 0 });
  pushedImage(passage.scene.repository, '1');
  expect(new Set(passage.seen)).toEqual(new Set([`CONNECT ${NAME} ${SECRET}`]));
  const told = passage.scene.registry.requests.map(({ headers }) => headers);
  expect(told.length).toBeGreaterThan(0);
  expect(JSON.stringify(told)).not.toContain('proxy-authorization');
});

test('one without TLS is reached through HTTP_PROXY', async () => {
  await using passage = await openPassage(undefined);
  const env = { HTTPS_PROXY: passage.url, HTTP_PROXY: passage.url };
  expect(await passage.push(env)).toMatchObject({ code: 0 });
  pushedImage(passage.scene.repository, '1');
  const [first, ...others] = passage.seen;
  expect(first).toBe(`CONNECT ${NAME} ${SECRET}`);
  expect(
    others.filter((request) => !/^\w+ http:\/\/registry\.test:5000\/v2\//.test(request)),
  ).toEqual([]);
  expect(others.length).toBeGreaterThan(3);
});

test('the proxy itself may speak TLS', async () => {
  await using passage = await openPassage(TEST_CERTIFICATE, { tls: TEST_CERTIFICATE });
  await writeFile(passage.scene.path('proxy.crt'), TEST_CERTIFICATE.cert);
  const env = { HTTPS_PROXY: passage.url, SSL_CERT_FILE: passage.scene.path('proxy.crt') };
  expect(await passage.push(env)).toMatchObject({ code: 0 });
  pushedImage(passage.scene.repository, '1');
});

test.each(['registry.test', '.test', '*'])('NO_PROXY=%s leaves the proxy out', async (list) => {
  await using passage = await openPassage(TEST_CERTIFICATE);
  const env = { HTTPS_PROXY: passage.url, HTTP_PROXY: passage.url, NO_PROXY: list };
  // Without the proxy nobody knows the name.
  expect(await aftermathOf(passage.scene, await passage.push(env))).toEqual({
    ...CLEAR_FAILURE,
    error: expect.stringContaining('no such host'),
  });
  expect(passage.seen).toEqual([]);
});

test('this machine is never reached through a proxy', async () => {
  await using scene = await openScene();
  await writeOciLayout(scene.path('image'), { layers: [] });
  const env = { HTTPS_PROXY: 'http://127.0.0.1:1', HTTP_PROXY: 'http://127.0.0.1:1' };
  expect(await scene.push('oci:image', [], { env })).toMatchObject({ code: 0 });
});

test.each<readonly [what: string, url: (url: string) => string]>([
  ['a proxy that wants another password', (url) => url.replace(CREDENTIALS, 'me:wrong-secret@')],
  ['a proxy that is not there', () => `http://${CREDENTIALS}127.0.0.1:1`],
  ['a proxy of another kind', () => `socks5://${CREDENTIALS}127.0.0.1:1`],
])('%s is one clear error without the password', async (_, change) => {
  await using passage = await openPassage(TEST_CERTIFICATE);
  const run = await passage.push({ HTTPS_PROXY: change(passage.url), HTTP_PROXY: '' });
  expect(await aftermathOf(passage.scene, run)).toEqual({
    ...CLEAR_FAILURE,
    error: expect.stringMatching(/proxy/),
  });
  expect(run.stderr).not.toContain('secret');
  expect(passage.scene.registry.requests).toEqual([]);
});
