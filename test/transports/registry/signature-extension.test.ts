import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/image/digest.ts';
import { OCI_MANIFEST } from '../../../src/image/media-types.ts';
import {
  extendExtension,
  hasSignatureExtension,
  readExtension,
} from '../../../src/transports/registry/signature-extension.ts';
import { openClient, openRegistry, PASSWORD } from '../../registry/open-client.ts';
import { serveHttp } from '../../registry/server.ts';
import { thrownBy } from '../../support/thrown.ts';

const USER = { user: PASSWORD.user, password: PASSWORD.password };

async function openExtension() {
  const served = { storesSignatures: true, auth: { kind: 'bearer', ...USER } } as const;
  const { registry, client } = await openRegistry(served, { credentialsFor: async () => PASSWORD });
  const repository = registry.repository('team/app');
  const digest = repository.addManifest(Buffer.from('{}'), OCI_MANIFEST);
  const read = async (): Promise<readonly string[]> =>
    (await readExtension(client, digest)).map(String);
  const extend = (...texts: readonly string[]): Promise<void> =>
    extendExtension(
      client,
      digest,
      texts.map((text) => Buffer.from(text)),
    );
  return { registry, client, repository, digest, read, extend };
}

describe('a registry', () => {
  test.each([true, false])('that stores signatures says so: %s', async (storesSignatures) => {
    const { client, registry } = await openRegistry({ storesSignatures });
    expect(client.storesSignatures).toBe(false);
    expect(await hasSignatureExtension(client)).toBe(storesSignatures);
    expect(await hasSignatureExtension(client)).toBe(storesSignatures);
    expect(registry.requests.length).toBe(storesSignatures ? 1 : 2);
  });

  test('is not asked when it has said so already', async () => {
    const { client, registry, read } = await openExtension();
    await read();
    const { length } = registry.requests;
    expect(await hasSignatureExtension(client)).toBe(true);
    expect(registry.requests).toHaveLength(length);
  });
});

describe('signatures at a registry', () => {
  test('are added to those that are there, each once', async () => {
    const { read, extend, repository, digest } = await openExtension();
    expect(await read()).toEqual([]);
    await extend('a', 'b', 'a');
    await extend('b', 'c');
    expect(await read()).toEqual(['a', 'b', 'c']);
    const names = (repository.signatures.get(digest) ?? []).map(({ name }) => name);
    expect(new Set(names).size).toBe(3);
  });

  test('are none of a manifest that is not there', async () => {
    const { client } = await openExtension();
    expect(await readExtension(client, digestOf(Buffer.from('other')))).toEqual([]);
  });

  test('of other kinds are left out', async () => {
    const { read, repository, digest } = await openExtension();
    const signature = { schemaVersion: 2, name: 'x', type: 'atomic', content: 'YQ==' };
    repository.signatures.set(digest, [
      { ...signature, schemaVersion: 1 },
      { ...signature, type: 'cosign' },
      signature,
    ]);
    expect(await read()).toEqual(['a']);
  });

  test.each(['[]', '{"signatures":1}', '{"signatures":[1]}', '{'])('are not %s', async (answer) => {
    const { url } = await serveHttp((_, response) => response.end(answer));
    const { client } = await openClient(url.host);
    const { code } = await thrownBy(readExtension(client, 'sha256:a' as never));
    expect(['JSON_INVALID', 'MANIFEST_INVALID']).toContain(code);
  });

  test('that are refused are not stored quietly', async () => {
    const { url } = await serveHttp(({ method }, response) =>
      response.writeHead(200).end(method === 'GET' ? '{"signatures":[]}' : ''),
    );
    const { client } = await openClient(url.host);
    const storing = extendExtension(client, 'sha256:a' as never, [Buffer.from('a')]);
    expect(await thrownBy(storing)).toMatchObject({
      message: expect.stringContaining('uploading signature to team/app') as string,
    });
  });
});
