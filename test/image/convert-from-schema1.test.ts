/** v2s1 manifests become the configs that skopeo makes of them, or are refused as there. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromSchema1, type ReadLayer } from '../../src/image/convert-from-schema1.ts';
import { toOciManifest, type ConvertedImage } from '../../src/image/convert-manifest.ts';
import { toSchema1 } from '../../src/image/convert-to-schema1.ts';
import { digestOf } from '../../src/image/digest.ts';
import { parseImageConfig } from '../../src/image/image-config.ts';
import { encodeImageManifest } from '../../src/image/manifest.ts';
import { encodeSchema1, parseSchema1 } from '../../src/image/schema1.ts';
import { signSchema1 } from '../../src/image/schema1-signature.ts';
import { fixture, schema1Conversions } from './fixture.ts';
import { dockerImage, readLayers, unlessInvalid } from './schema1-image.ts';
import { withoutKept } from './skopeo-config.ts';

const INVALID = expect.objectContaining({ code: 'MANIFEST_INVALID' });
const ID = '1'.repeat(64);

const { roundTrips, fromSchema1: manifests, refused } = schema1Conversions();

function convert(schema1: string): ConvertedImage {
  const manifest = parseSchema1(Buffer.from(schema1));
  return fromSchema1(manifest, readLayers(manifest));
}

/** A manifest of one layer with this `v1Compatibility`. */
function single(v1Compatibility: string): string {
  return JSON.stringify({
    schemaVersion: 1,
    fsLayers: [{ blobSum: digestOf(Buffer.from('a')) }],
    history: [{ v1Compatibility }],
  });
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

describe('fromSchema1', () => {
  test.each([...roundTrips, ...manifests])('$of', ({ schema1, back, oci }) => {
    const { manifest, config } = convert(schema1);
    expect(text(config)).toBe(back);
    expect(manifest.config).toMatchObject({ digest: digestOf(config), size: config.length });
    expect(withoutKept(text(toOciManifest(manifest, config).config))).toBe(oci);
  });

  test.each(refused.fromSchema1)('refuses: $of', ({ schema1 }) => {
    expect(() => convert(schema1)).toThrow(INVALID);
  });

  test('the image that has every format', () => {
    const { diffIDs } = parseImageConfig(fixture('config.json'));
    const manifest = parseSchema1(fixture('docker-v2s1-payload.json'));
    const filled = manifest.layers.filter(({ isEmpty }) => !isEmpty);
    const layers = filled.map(({ digest }, index) => readLayer(digest, diffIDs[index]));
    const converted = fromSchema1(manifest, layers);
    expect(text(converted.config)).toBe(fixture('config-from-v2s1.json').toString());
    const written = JSON.parse(text(encodeImageManifest(converted.manifest)));
    const { layers: expected } = JSON.parse(fixture('docker-v2s2.json').toString());
    expect(written).toMatchObject({
      layers: expected.map((layer: object) => ({ ...layer, size: 7 })),
    });
    const oci = toOciManifest(converted.manifest, converted.config);
    expect(text(oci.config)).toBe(fixture('config-oci-from-v2s1.json').toString());
  });

  function readLayer(digest: ReadLayer['digest'], diffID = digest): ReadLayer {
    return { digest, size: 7, diffID };
  }

  test('a signed manifest is its payload', () => {
    const [{ schema1, back } = { schema1: '', back: '' }] = roundTrips;
    const signed = signSchema1(Buffer.from(schema1), new Date(0));
    expect(text(convert(text(signed)).config)).toBe(back);
  });

  test('layers may be stored as others than they were', () => {
    const manifest = parseSchema1(Buffer.from(single(`{"id":"${ID}"}`)));
    const stored = {
      digest: digestOf(Buffer.from('b')),
      size: 9,
      diffID: digestOf(Buffer.from('c')),
    };
    const converted = fromSchema1(manifest, [stored]);
    expect(converted.manifest.layers).toMatchObject([{ digest: stored.digest, size: 9 }]);
    expect(parseImageConfig(converted.config).diffIDs).toEqual([stored.diffID]);
  });

  test('layers and history are those of the manifest, not of its configuration', () => {
    const image = convert(single(`{"id":"${ID}","RootFS":{"diff_ids":["x"]},"HISTORY":[{},{}]}`));
    expect(Object.keys(JSON.parse(text(image.config)))).toEqual(['history', 'rootfs']);
    expect(toOciManifest(image.manifest, image.config).manifest.layers).toHaveLength(1);
  });

  test.each([[0], [2]])('refuses %i layers for one', (count) => {
    const manifest = parseSchema1(Buffer.from(single(`{"id":"${ID}"}`)));
    const layers = Array.from({ length: count }, () => readLayer(digestOf(Buffer.from('a'))));
    expect(() => fromSchema1(manifest, layers)).toThrow(INVALID);
  });

  test.each([
    ['1.8.2', true],
    ['1.8', true],
    ['1', true],
    ['0.99.99', true],
    ['dev', true],
    ['1.8.3-dev', true],
    ['1.08.02', true],
    ['1.8.-1', true],
    ['1.8.3', false],
    ['1.8.3.0', false],
    ['1.8.+3', false],
    ['1.10', false],
    [`1.${'9'.repeat(400)}`, false],
    ['20.10.5+dfsg1', false],
    ['', false],
  ])('docker %s writes its config anew: %s', (version, isAnew) => {
    const { config } = convert(single(JSON.stringify({ id: ID, docker_version: version, x: 1 })));
    expect('container_config' in JSON.parse(text(config))).toBe(isAnew);
  });

  test('what any image says of its steps comes back, but of the last one', () => {
    const steps = fc.array(
      fc.record({
        created: fc.constantFrom('2023-11-14T22:13:20.5Z', '0001-01-01T00:00:00Z'),
        author: fc.string({ unit: 'grapheme', minLength: 1 }),
        created_by: fc.string({ minLength: 1 }),
        comment: fc.string({ minLength: 1 }),
        isEmpty: fc.boolean(),
      }),
      { minLength: 1 },
    );
    const [a = 'a'] = schema1Conversions().layers;
    fc.assert(
      fc.property(steps, fc.object(), (history, config) => {
        const written = history.map(({ isEmpty, ...step }) =>
          isEmpty ? { ...step, empty_layer: true } : step,
        );
        const source = JSON.stringify({ x: config, history: written });
        const layers = history.flatMap(({ isEmpty }) => (isEmpty ? [] : [a]));
        const schema1 = toSchema1(dockerImage(source, layers), Buffer.from(source), undefined);
        const read = parseSchema1(encodeSchema1(schema1));
        expect(read.layers.map(({ id }) => id)).toEqual(schema1.layers.map(({ id }) => id));
        expect(new Set(read.layers.map(({ id }) => id)).size).toBe(history.length);

        const back = fromSchema1(read, readLayers(read));
        const result = JSON.parse(text(back.config));
        expect(back.manifest.layers).toHaveLength(layers.length);
        expect(result.x).toEqual(JSON.parse(source).x);
        expect(result.history.slice(0, -1)).toEqual(written.slice(0, -1));
      }),
    );
  });

  test('any v1Compatibility is converted to JSON, or refused', () => {
    const name = fc.constantFrom('config', 'container_config', 'docker_version', 'Size', 'created');
    const inner = fc.dictionary(fc.constantFrom('Cmd', 'Env', 'Healthcheck'), fc.jsonValue());
    const member = fc.tuple(
      fc.oneof(name, fc.string()),
      fc.oneof(fc.jsonValue(), inner, fc.constant('1.0')),
    );
    fc.assert(
      fc.property(fc.array(member), fc.boolean(), (members, isOld) => {
        const others = Object.fromEntries(members);
        const version = isOld ? { docker_version: '1.0' } : {};
        const v1 = JSON.stringify({ ...others, ...version, id: ID });
        const image = unlessInvalid(() => convert(single(v1)));
        if (image === undefined) return;
        expect(parseImageConfig(image.config).diffIDs).toEqual([digestOf(Buffer.from('a'))]);
      }),
    );
  });

  test('any text in the place of v1Compatibility is refused', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (v1) => {
        expect(unlessInvalid(() => convert(single(v1)))).toBeUndefined();
      }),
    );
  });

  test('values as deep as may be pass', () => {
    const deep = '['.repeat(9000) + ']'.repeat(9000);
    const { config } = convert(single(`{"id":"${ID}","deep":${deep}}`));
    expect(text(config)).toContain(`"deep":${deep}`);
  });
});
