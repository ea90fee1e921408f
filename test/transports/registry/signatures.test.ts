import { readdir } from 'node:fs/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { digestOf } from '../../../src/image/digest.ts';
import { DOCKER_MANIFEST, OCI_MANIFEST } from '../../../src/image/media-types.ts';
import { encodeSignature, type Signature } from '../../../src/image/signature.ts';
import { parseRegistryReference } from '../../../src/transports/registry/reference.ts';
import type { RawManifest, SignatureStore } from '../../../src/transports/transport.ts';
import { writeFiles } from '../../config/places.ts';
import { fakeClock } from '../../support/fake-clock.ts';
import type { Fault } from '../../support/registry/faults.ts';
import { registryOptions } from '../../support/registry-options.ts';
import { startRegistry } from '../../support/registry/registry.ts';
import { temporaryDirectory } from '../../support/scratch.ts';
import { thrownBy } from '../../support/thrown.ts';
import { makeContext } from '../../support/transport-context.ts';

const BYTES = Buffer.from('{"schemaVersion":2}');
const MANIFEST: RawManifest = {
  bytes: BYTES,
  mediaType: OCI_MANIFEST,
  digest: digestOf(BYTES),
};

function simple(text: string): Signature {
  return { format: 'simple-signing', bytes: Buffer.from(`\xa0${text}`, 'latin1') };
}

function sigstore(payload: string): Signature {
  return {
    format: 'sigstore',
    mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
    payload: Buffer.from(payload),
    annotations: { 'dev.cosignproject.cosign/signature': 'c2lnbmF0dXJl' },
  };
}

function blobText(signature: Signature): string {
  return Buffer.from(encodeSignature(signature)).toString('latin1');
}

/** A registry, and a home whose configuration says where its signatures are: HOME/signatures. */
async function openPlace(storesSignatures: boolean, more = '', faults: readonly Fault[] = []) {
  const registry = await startRegistry({ storesSignatures, faults });
  onTestFinished(() => registry[Symbol.asyncDispose]());
  registry.repository('team/app').addManifest(BYTES, OCI_MANIFEST, '1');
  const home = await temporaryDirectory();
  await writeFiles(home, {
    '.config/containers/registries.d/a.yaml': `docker: {"${registry.host}": {lookaside: "file://${home}/signatures"${more}}}`,
  });
  const context = makeContext({
    environment: { HOME: home },
    registry: registryOptions({ tlsVerify: false, clock: fakeClock() }),
  });
  const reference = parseRegistryReference(`//${registry.host}/team/app:1`);
  const destination = await reference.openDestination(context);
  const source = await reference.openSource(context);
  onTestFinished(async () => {
    await destination[Symbol.asyncDispose]();
    await source[Symbol.asyncDispose]();
  });
  const read = async (): Promise<readonly string[]> => {
    const manifest = await source.getManifest();
    const found = (await source.getSignatures?.(manifest)) ?? [];
    return found.map(blobText);
  };
  return { registry, home, read, store: destination.signatures as SignatureStore };
}

describe('the signatures of a repository', () => {
  test.each([false, true])('are stored and read; by the registry: %s', async (byRegistry) => {
    const { store, read, home, registry } = await openPlace(byRegistry);
    expect(await read()).toEqual([]);
    await store.check(['simple-signing']);
    expect(await store.existing(MANIFEST, ['simple-signing'])).toEqual([]);
    await store.put([simple('one'), simple('two')], MANIFEST);
    expect(await read()).toEqual(['\xa0one', '\xa0two']);
    expect(await store.existing(MANIFEST, ['simple-signing'])).toEqual([
      simple('one'),
      simple('two'),
    ]);
    expect((await readdir(home)).includes('signatures')).toBe(!byRegistry);
    expect(registry.repository('team/app').signatures.size).toBe(byRegistry ? 1 : 0);
  });

  test('stay as they are where there are none to store', async () => {
    const { store, read } = await openPlace(false);
    await store.put([simple('one')], MANIFEST);
    await store.put([], MANIFEST);
    expect(await read()).toEqual(['\xa0one']);
  });

  test.each([
    [', lookaside-staging: "http://s.example"', 'UNSUPPORTED', 'Writing directly to a http'],
    [', lookaside-staging: "file:///proc/1/x"', 'FILE_UNWRITABLE', '/proc/1'],
    [', unknown: [}', 'CONFIG_INVALID', 'parsing signature storage configuration'],
  ])('cannot be stored with %s', async (more, code, message) => {
    const { store, registry } = await openPlace(false, more);
    expect(await thrownBy(store.check(['simple-signing']))).toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
    });
    expect(registry.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  test('of sigstore are attached, each once, and read', async () => {
    const { store, read, registry } = await openPlace(false, ', use-sigstore-attachments: true');
    await store.check(['sigstore', 'simple-signing']);
    expect(await store.existing(MANIFEST, ['sigstore'])).toEqual([]);
    await store.put([sigstore('one')], MANIFEST);
    const { length } = registry.requests;
    await store.put([sigstore('one')], MANIFEST);
    expect(registry.requests.slice(length).every(({ method }) => method === 'GET')).toBe(true);
    await store.put([sigstore('one'), simple('two'), sigstore('three')], MANIFEST);
    const all = [simple('two'), sigstore('one'), sigstore('three')];
    expect(await read()).toEqual(all.map(blobText));
    expect(await store.existing(MANIFEST, ['sigstore'])).toEqual([
      sigstore('one'),
      sigstore('three'),
    ]);
    const tag = `${MANIFEST.digest.replace(':', '-')}.sig`;
    expect(registry.repository('team/app').manifest(tag)?.mediaType).toBe(OCI_MANIFEST);
  });

  test('of sigstore are not read where they are not to be attached', async () => {
    const { read, registry } = await openPlace(false);
    expect(await read()).toEqual([]);
    expect(registry.requests.filter(({ path }) => path.endsWith('.sig'))).toEqual([]);
  });

  test('of sigstore are none at a tag that is not known, and not at one that may not be read', async () => {
    const more = ', use-sigstore-attachments: true';
    const answering = (status: number): Fault => ({ on: { path: /\.sig$/ }, do: { status } });
    const { store } = await openPlace(false, more, [answering(404), answering(403)]);
    expect(await store.existing(MANIFEST, ['sigstore'])).toEqual([]);
    const { code } = await thrownBy(store.existing(MANIFEST, ['sigstore']));
    expect(code).toBe('REGISTRY_DENIED');
  });

  test('of sigstore are not added to what is none', async () => {
    const { store, registry } = await openPlace(false, ', use-sigstore-attachments: true');
    const tag = `${MANIFEST.digest.replace(':', '-')}.sig`;
    registry.repository('team/app').addManifest(BYTES, DOCKER_MANIFEST, tag);
    expect(await thrownBy(store.put([sigstore('one')], MANIFEST))).toMatchObject({
      code: 'MANIFEST_INVALID',
    });
  });

  test('of sigstore are refused where they are not to be attached', async () => {
    const { store } = await openPlace(false);
    expect(await thrownBy(store.check(['sigstore']))).toMatchObject({
      code: 'UNSUPPORTED',
      origin: 'config',
      message: 'writing sigstore attachments is disabled by configuration',
    });
  });
});
