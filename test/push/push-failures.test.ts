/** Pushes that fail: what they say, what they leave, and that nothing of them goes on. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { OcipushError } from '../../src/errors.ts';
import type { Digest } from '../../src/image/digest.ts';
import { MANIFEST_LIMIT } from '../../src/image/manifest-type.ts';
import { DOCKER_MANIFEST, DOCKER_V1_SIGNED, OCI_MANIFEST } from '../../src/image/media-types.ts';
import type { PushOptions } from '../../src/push/options.ts';
import { blobsOf, makeImage, makeLayer, noise, type MadeImage } from '../support/make-image.ts';
import { thrownBy } from '../support/thrown.ts';
import { memoryDestination, memorySource, type Journal } from './memory-image.ts';
import { pushAll, pushOne } from './run-push.ts';

async function compressedImage(): Promise<MadeImage> {
  const layers = [
    await makeLayer({ a: '1' }),
    await makeLayer({ b: noise(20_000) }),
    await makeLayer({ c: '3' }),
  ];
  return makeImage({ layers, compression: 'gzip' });
}

function sourceOf(image: MadeImage, parts?: Parameters<typeof memorySource>[1]) {
  return memorySource(blobsOf(image).toReversed(), parts);
}

function firstLayer(image: MadeImage): Digest {
  return image.layers[0]?.descriptor.digest ?? image.config.descriptor.digest;
}

/** Settles when the signal is aborted. */
async function aborted(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
}

describe('a blob that fails', () => {
  test('ends the others, which have ended when the push does', async () => {
    const image = await compressedImage();
    const journal: Journal = [];
    const destination = memoryDestination({
      journal,
      before: async (what, signal) => {
        if (what === firstLayer(image)) throw new OcipushError('REGISTRY_DENIED', 'no');
        await aborted(signal);
        await nextTurn();
        journal.push('ended');
        signal.throwIfAborted();
      },
    });
    const error = await thrownBy(pushOne(sourceOf(image), destination));
    expect(error).toMatchObject({ code: 'REGISTRY_DENIED', message: 'writing blob: no' });
    expect(journal).toEqual(['open', 'current', 'begin', 'ended', 'ended', 'ended', 'close']);
  });

  test('keeps those that wait from beginning', async () => {
    const image = await compressedImage();
    const destination = memoryDestination({
      before: () => {
        throw new OcipushError('REGISTRY_DENIED', 'no');
      },
    });
    const source = sourceOf(image);
    const outcome = await pushAll(source, [destination], { options: { jobs: 1 } });
    expect(outcome.events.filter(({ kind }) => kind === 'blob-start')).toHaveLength(1);
    expect([...source.reads.values()]).toEqual([]);
  });

  test.each([
    ['a layer', 'writing blob', (image: MadeImage) => firstLayer(image)],
    ['the config', 'writing config', (image: MadeImage) => image.config.descriptor.digest],
  ])('says which it was: %s', async (_, prefix, which) => {
    const image = await compressedImage();
    const destination = memoryDestination({
      before: (what) => {
        if (what === which(image)) throw new OcipushError('REGISTRY_STATUS', 'no');
      },
    });
    const error = await thrownBy(pushOne(sourceOf(image), destination));
    expect(error.message).toBe(`${prefix}: no`);
    expect(destination.manifests.size).toBe(0);
  });
});

describe('a damaged image', () => {
  test.each([
    ['a layer of other bytes', (bytes: Uint8Array) => Buffer.from(bytes).fill(7, 20)],
    ['a layer that is too long', (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.of(0)])],
    ['a layer that is too short', (bytes: Uint8Array) => bytes.slice(0, -1)],
  ])('with %s is not pushed', async (_, damage) => {
    const image = await compressedImage();
    const [layer] = image.layers;
    const damaged = new Map([[firstLayer(image), damage(layer?.bytes ?? Buffer.of())]]);
    const destination = memoryDestination();
    const error = await thrownBy(
      pushOne(sourceOf(image, { damaged }), destination, { options: { retry: 3 } }),
    );
    expect(error).toMatchObject({ code: 'DIGEST_MISMATCH', origin: 'source' });
    expect(error.message).toMatch(/^writing blob: /);
    expect([destination.blobs.has(firstLayer(image)), destination.manifests.size]).toEqual([
      false,
      0,
    ]);
  });

  test.each<[what: string, options: Partial<PushOptions>]>([
    ['as it is', {}],
    ['read, to be written anew', { format: 'oci' }],
    ['read, to be made into a history', { format: 'v2s1' }],
  ])('with another config is not pushed: %s', async (_, options) => {
    const image = makeImage({ layers: [], format: 'docker' });
    const { digest } = image.config.descriptor;
    const damaged = new Map([[digest, Buffer.from('{"os":"other"}')]]);
    const destination = memoryDestination({
      capabilities: { manifestTypes: [OCI_MANIFEST, DOCKER_MANIFEST, DOCKER_V1_SIGNED] },
    });
    const pushing = pushOne(sourceOf(image, { damaged }), destination, { options });
    expect(await thrownBy(pushing)).toMatchObject({ code: 'DIGEST_MISMATCH', origin: 'source' });
    expect([destination.blobs.size, destination.manifests.size]).toEqual([0, 0]);
  });

  test('with a config that nobody would read is not converted', async () => {
    const config = { Labels: { a: ' '.repeat(MANIFEST_LIMIT) } };
    const image = makeImage({ layers: [], format: 'docker', config: { config } });
    const journal: Journal = [];
    const pushing = pushOne(sourceOf(image), memoryDestination({ journal }), {
      options: { format: 'oci' },
    });
    expect(await thrownBy(pushing)).toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect(journal).toEqual(['open', 'close']);
  });

  test('that lacks a layer is not pushed', async () => {
    const image = await compressedImage();
    const blobs = [image.manifest, image.config, ...image.layers.slice(1)];
    const journal: Journal = [];
    const error = await thrownBy(pushOne(memorySource(blobs), memoryDestination({ journal })));
    expect(error.code).toBe('BLOB_UNKNOWN');
    expect(journal).toEqual(['open', 'close']); // found out before anything was asked
  });

  test('that cannot be understood is not pushed', async () => {
    const image = await compressedImage();
    const { digest } = image.manifest.descriptor;
    const damaged = new Map([[digest, Buffer.from('{"schemaVersion":2}')]]);
    const journal: Journal = [];
    const pushing = pushOne(sourceOf(image, { damaged }), memoryDestination({ journal }));
    expect(await thrownBy(pushing)).toMatchObject({ code: 'MANIFEST_INVALID' });
    expect(journal).toEqual(['open', 'close']);
  });
});

describe('what cannot be opened or written', () => {
  test('is named', async () => {
    const image = await compressedImage();
    const source = sourceOf(image);
    const closed = {
      ...source,
      openSource: () => Promise.reject(new OcipushError('FILE_NOT_FOUND', 'open x: no such file')),
    };
    expect(await thrownBy(pushOne(closed, memoryDestination()))).toMatchObject({
      code: 'FILE_NOT_FOUND',
      origin: 'source',
      message: 'initializing source memory:source: open x: no such file',
    });
    const destination = memoryDestination();
    const shut = {
      ...destination,
      openDestination: () => Promise.reject(new OcipushError('CONFIG_INVALID', 'no key')),
    };
    expect(await thrownBy(pushOne(source, shut))).toMatchObject({
      code: 'CONFIG_INVALID',
      origin: 'destination',
      message: 'initializing destination memory:destination: no key',
    });
    expect(source.isOpen()).toBe(false);
  });

  test('is a manifest that the destination does not want', async () => {
    const before = (what: string): void => {
      if (what === 'manifest') throw new OcipushError('REGISTRY_STATUS', 'manifest invalid');
    };
    const journal: Journal = [];
    const destination = memoryDestination({ before, journal });
    const error = await thrownBy(pushOne(sourceOf(await compressedImage()), destination));
    expect(error.message).toBe('writing manifest: manifest invalid');
    expect(journal.slice(-2)).toEqual(['manifest', 'close']);
  });
});

describe('an abort', () => {
  test.each<[what: string, reason: unknown]>([
    ['ours', new OcipushError('ABORTED', 'SIGINT')],
    ['the default', undefined],
    ['a text', 'enough'],
  ])('in the middle is ABORTED, whatever its reason: %s', async (_, reason) => {
    const abort = new AbortController();
    const destination = memoryDestination({
      before: async (_what, signal) => {
        const ended = aborted(signal);
        abort.abort(reason);
        await ended;
        signal.throwIfAborted();
      },
    });
    const settings = { signal: abort.signal, options: { retry: 3 } };
    const error = await thrownBy(pushOne(sourceOf(await compressedImage()), destination, settings));
    expect(error.code).toBe('ABORTED');
    expect(destination.isOpen()).toBe(false);
  });

  test('while the source is opened', async () => {
    const abort = new AbortController();
    const source = sourceOf(await compressedImage());
    const slow = {
      ...source,
      openSource: async () => {
        abort.abort();
        return Promise.reject(abort.signal.reason as Error);
      },
    };
    const pushing = pushOne(slow, memoryDestination(), { signal: abort.signal });
    expect((await thrownBy(pushing)).code).toBe('ABORTED');
  });
});

describe('several destinations', () => {
  test('are given what is read and compressed once', async () => {
    const layers = [await makeLayer({ a: '1' }), await makeLayer({ b: noise(20_000) })];
    const image = makeImage({ layers });
    const source = sourceOf(image);
    const destinations = ['one', 'two', 'three'].map((name) => memoryDestination({ name }));
    const { outcomes } = await pushAll(source, destinations);
    expect(outcomes.map(({ status }) => status)).toEqual(Array(3).fill('fulfilled'));
    expect(new Set(destinations.map(({ current }) => current)).size).toBe(1);
    expect(new Set(source.reads.values())).toEqual(new Set([1]));
    for (const { blobs } of destinations) expect(blobs.size).toBe(3);
  });

  test.each([1, 6])('do not fail with one of them, %i blobs at once', async (jobs) => {
    const image = await compressedImage();
    const failing = memoryDestination({
      name: 'failing',
      before: (what) => {
        if (what === firstLayer(image)) throw new OcipushError('REGISTRY_DENIED', 'no');
      },
    });
    const good = memoryDestination({ name: 'good' });
    const { outcomes } = await pushAll(sourceOf(image), [failing, good, failing], {
      options: { jobs },
    });
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected']);
    expect(good.current).toBe(image.manifest.descriptor.digest);
    expect(failing.manifests.size).toBe(0);
  });

  test('are not held up by one that begins anew', async () => {
    const image = await compressedImage();
    let failed = 0;
    const wavering = memoryDestination({
      before: (what) => {
        if (what === firstLayer(image) && failed++ === 0) {
          throw new OcipushError('REGISTRY_STATUS', 'busy', { retryable: true });
        }
      },
    });
    const good = memoryDestination();
    const { outcomes } = await pushAll(sourceOf(image), [wavering, good], {
      options: { retry: 1 },
    });
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    for (const { blobs } of [wavering, good]) expect(blobs.size).toBe(4);
  });

  test('all fail with a source that cannot be read', async () => {
    const image = await compressedImage();
    const damaged = new Map([[firstLayer(image), Buffer.from('x')]]);
    const destinations = [memoryDestination(), memoryDestination()];
    const { outcomes } = await pushAll(sourceOf(image, { damaged }), destinations);
    const failure = { reason: { code: 'DIGEST_MISMATCH' } };
    expect(outcomes).toMatchObject([failure, failure]);
  });
});
