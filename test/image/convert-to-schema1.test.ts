/** Images become the v2s1 manifests that skopeo makes of them. */
import { gunzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toSchema1 } from '../../src/image/convert-to-schema1.ts';
import { digestHex, digestOf } from '../../src/image/digest.ts';
import { parseDockerReference } from '../../src/image/docker-reference.ts';
import { EMPTY_LAYER_BYTES, EMPTY_LAYER_DIGEST } from '../../src/image/empty-layer.ts';
import { parseImageManifest } from '../../src/image/manifest.ts';
import { OCI_MANIFEST } from '../../src/image/media-types.ts';
import { encodeSchema1, parseSchema1, type Schema1Manifest } from '../../src/image/schema1.ts';
import { fixture, schema1Conversions } from './fixture.ts';
import { dockerImage, unlessInvalid } from './schema1-image.ts';

const INVALID = expect.objectContaining({ code: 'MANIFEST_INVALID' });
const UNSUPPORTED = expect.objectContaining({ code: 'UNSUPPORTED' });

const { roundTrips, refused } = schema1Conversions();

function convert(config: string, layers: readonly string[] = ['a']): Schema1Manifest {
  return toSchema1(dockerImage(config, layers), Buffer.from(config), undefined);
}

/** A config with so many steps; those with `-` are empty. */
function configOf(steps: string): object {
  return { history: steps.split('').map((step) => (step === '-' ? { empty_layer: true } : {})) };
}

describe('toSchema1', () => {
  test.each(roundTrips)('$of', ({ docker, layers, schema1 }) => {
    expect(Buffer.from(encodeSchema1(convert(docker, layers))).toString()).toBe(schema1);
  });

  test.each(refused.toSchema1)('refuses: $of', ({ docker, layers }) => {
    expect(() => convert(docker, layers)).toThrow(INVALID);
  });

  const oci = parseImageManifest(fixture('oci.json'), OCI_MANIFEST);

  test('an OCI image', () => {
    const manifest = toSchema1(oci, fixture('config.json'), undefined);
    expect(Buffer.from(encodeSchema1(manifest))).toEqual(fixture('docker-v2s1-payload.json'));
  });

  test.each([
    ['quay.io/a/b:1', { name: 'a/b', tag: '1' }],
    ['busybox', { name: 'library/busybox', tag: '' }],
  ])('under the name %s', (name, expected) => {
    const manifest = toSchema1(oci, fixture('config.json'), parseDockerReference(name));
    expect(manifest).toMatchObject(expected);
  });

  test('the first ID is made of the blob, no parent and the space between', () => {
    const [base] = convert(JSON.stringify(configOf('xx')), ['a', 'b']).layers;
    const blob = digestHex(digestOf(Buffer.from('a')));
    expect(base?.id).toBe(digestHex(digestOf(Buffer.from(`${blob} `))));
  });

  test.each([
    ['x', 'a'],
    ['-x', '-a'],
    ['x--x', 'a--b'],
    ['-', '-'],
  ])('the steps %s', (steps, expected) => {
    const { layers } = convert(JSON.stringify(configOf(steps)), ['a', 'b']);
    expect(layers.map(({ isEmpty }) => (isEmpty ? '-' : 'x')).join('')).toBe(steps);
    expect(layers.map(({ digest }) => digest)).toEqual(
      expected
        .split('')
        .map((text) => (text === '-' ? EMPTY_LAYER_DIGEST : digestOf(Buffer.from(text)))),
    );
  });

  test('what a config says of the chain of layers is not believed', () => {
    const config = { History: [{}], ID: 'x', Parent: 'y', throwAway: true, ROOTFS: {} };
    const manifest = convert(JSON.stringify(config));
    expect(parseSchema1(encodeSchema1(manifest))).toEqual(manifest);
    expect(manifest.layers).toMatchObject([{ isEmpty: false, parent: '' }]);
    expect(JSON.parse(manifest.layers[0]?.v1Compatibility ?? '')).toEqual({
      id: expect.anything(),
    });
  });

  test.each(['application/vnd.oci.image.layer.v1.tar+zstd', 'application/x'])(
    'refuses the layer type %s',
    (mediaType) => {
      const layers = oci.layers.map((layer) => ({ ...layer, mediaType }));
      expect(() => toSchema1({ ...oci, layers }, fixture('config.json'), undefined)).toThrow(
        UNSUPPORTED,
      );
    },
  );

  test('refuses foreign layers, which a manifest without URLs would lose', () => {
    const layers = oci.layers.map((layer) => ({ ...layer, urls: ['https://example.com/'] }));
    expect(() => toSchema1({ ...oci, layers }, fixture('config.json'), undefined)).toThrow(
      UNSUPPORTED,
    );
  });

  test('any config is converted to what can be read, or refused', () => {
    const step = fc.record({ empty_layer: fc.boolean(), author: fc.jsonValue() });
    const steps = fc.oneof(fc.array(step), fc.jsonValue());
    const name = fc.constantFrom('id', 'Parent', 'throwaway', 'created', 'config', '__proto__');
    const members = fc.uniqueArray(fc.tuple(fc.oneof(name, fc.string()), fc.jsonValue()), {
      selector: ([key]) => key,
    });
    fc.assert(
      fc.property(steps, members, (history, others) => {
        const config = JSON.stringify(Object.fromEntries([['history', history], ...others]));
        const manifest = unlessInvalid(() => convert(config, ['a', 'b', 'c', 'd']));
        if (manifest === undefined) return;
        expect(parseSchema1(encodeSchema1(manifest))).toEqual(manifest);
        expect(manifest.layers).toHaveLength((history as unknown[]).length);
      }),
    );
  });

  test('values as deep as may be, and of any length, pass', () => {
    const deep = '['.repeat(9000) + ']'.repeat(9000);
    const long = '\\n'.repeat(1_000_000);
    const config = `{"history":[{}],"deep":${deep},"long":"${long}","config":null}`;
    const [layer] = convert(config).layers;
    expect(layer?.v1Compatibility).toContain(`"deep":${deep}`);
    expect(layer?.v1Compatibility).toContain(long);
  });
});

test('the empty layer is an empty tar file', () => {
  expect(EMPTY_LAYER_DIGEST).toBe(
    'sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4',
  );
  expect(gunzipSync(EMPTY_LAYER_BYTES)).toEqual(Buffer.alloc(1024));
});
