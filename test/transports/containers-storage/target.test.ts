import { rm } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { digestOf, type Digest } from '../../../src/image/digest.ts';
import { warnNobody } from '../../../src/config/warn.ts';
import { splitSpecifier } from '../../../src/transports/containers-storage/specifier.ts';
import { parseStoredName } from '../../../src/transports/containers-storage/stored-name.ts';
import { digestAt, storageTarget } from '../../../src/transports/containers-storage/target.ts';
import { makeStorage, manifestOf, type Storage } from './make-store.ts';

const OTHER_ID = 'f'.repeat(64);
const LAYER = { parts: [Buffer.alloc(512, 'h')] };

function digestOfImage({ root, conf }: Storage, name: string): Promise<Digest | undefined> {
  const { specifier, rest } = splitSpecifier(`[${conf.driver}@${root}]${name}`);
  return digestAt(storageTarget(specifier, parseStoredName(rest)), {
    environment: {},
    warn: warnNobody,
  });
}

describe('storageTarget', () => {
  test.each([`@${OTHER_ID.slice(1)}`, 'a@abc'])('refuses %s', (text) => {
    expect(() => storageTarget(undefined, parseStoredName(text))).toThrow(
      expect.objectContaining({ code: 'REFERENCE_INVALID', origin: 'usage' }),
    );
  });
});

describe('digestAt', () => {
  test('is that of the manifest that was written, whatever became of its layers', async () => {
    const storage = await makeStorage();
    const layers = [await storage.layer(LAYER)];
    const gzip = 'application/vnd.oci.image.layer.v1.tar+gzip';
    const packed = [{ mediaType: gzip, size: 1, digest: digestOf(Buffer.from('x')) }];
    const manifest = manifestOf(Buffer.from('{}'), packed);
    await storage.image({ names: ['localhost/a:1'], layers, items: { manifest } });
    expect(await digestOfImage(storage, 'localhost/a:1')).toBe(digestOf(manifest));
  });

  test('is found by the whole name, by the ID, and by both', async () => {
    const storage = await makeStorage('vfs');
    const names = ['localhost/a:1', 'localhost/b:latest'];
    const { id, digest } = await storage.image({ names });
    for (const name of [...names, 'localhost/b', `localhost/a:1@${id}`, `@${id}`]) {
      expect(await digestOfImage(storage, name)).toBe(digest);
    }
    for (const name of ['a:1', 'localhost/a', `localhost/a:1@${OTHER_ID}`, `@${OTHER_ID}`]) {
      expect(await digestOfImage(storage, name)).toBeUndefined();
    }
  });

  test('is unknown of an image that is not whole', async () => {
    const storage = await makeStorage();
    const layer = await storage.layer(LAYER);
    const { digest } = await storage.image({ names: ['localhost/a:1'], layers: [layer] });
    expect(await digestOfImage(storage, 'localhost/a:1')).toBe(digest);
    await rm(storage.files(layer), { recursive: true });
    expect(await digestOfImage(storage, 'localhost/a:1')).toBeUndefined();
  });

  test('is unknown where the storage is none of ours', async () => {
    const storage = await makeStorage();
    const conf = { ...storage.conf, driver: 'zfs' };
    expect(await digestOfImage({ ...storage, conf }, 'a')).toBeUndefined();
    const target = storageTarget(undefined, parseStoredName('a'));
    const environment = { CONTAINERS_STORAGE_CONF: '/nonexistent' };
    expect(await digestAt(target, { environment, warn: warnNobody })).toBeUndefined();
  });
});
