/** v2s1 manifests: the chain of layers, and the reference's bytes. */
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import { manifestDigest } from '../../src/image/manifest-type.ts';
import { parseDockerReference } from '../../src/image/docker-reference.ts';
import {
  encodeSchema1,
  parseSchema1,
  renameSchema1,
  replaceSchema1Blobs,
  type Schema1Manifest,
} from '../../src/image/schema1.ts';
import { schema1Payload, signSchema1 } from '../../src/image/schema1-signature.ts';
import { fixture } from './fixture.ts';

const INVALID = expect.objectContaining({ code: 'MANIFEST_INVALID' });
const EMPTY_LAYER = 'sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4';

/** Steps newest first, as in the JSON: `id<parent`. */
function manifest(steps: string, change: object = {}): Buffer {
  const hex = (letter: string): string => letter.repeat(64);
  const entries = steps.split(' ').map((step) => step.split('<'));
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 1,
      fsLayers: entries.map((_, index) => ({ blobSum: digestOf(Buffer.from(`${index}`)) })),
      history: entries.map(([id = '', parent]) => ({
        v1Compatibility: JSON.stringify({ id: hex(id), parent: parent && hex(parent) }),
      })),
      ...change,
    }),
  );
}

describe('parseSchema1', () => {
  test('layers come base first', () => {
    const parsed = parseSchema1(fixture('docker-v2s1-payload.json'));
    expect(parsed).toMatchObject({ name: '', tag: '', architecture: 'amd64' });
    expect(parsed.layers.map(({ digest, isEmpty, created }) => [digest, isEmpty, created])).toEqual(
      [
        [
          'sha256:a20e9c28300b545e63440aa8475cdbe5006c98b4c6b01e5d13d8aa15cd2015c6',
          false,
          '2023-11-14T22:13:20Z',
        ],
        [EMPTY_LAYER, true, '2023-11-14T22:13:21Z'],
        [
          'sha256:48878e9afdbaeee46dbf57bb981744b0a3c1f0bdd86c06130cf6780a984090c1',
          false,
          '2023-11-14T22:13:20Z',
        ],
      ],
    );
  });

  test('a signed manifest is its payload', () => {
    const signed = fixture('docker-v2s1-signed.json');
    expect(parseSchema1(signed)).toEqual(parseSchema1(schema1Payload(signed)));
  });

  test('what stands outside the payload is not believed', () => {
    const signed = Buffer.from(signSchema1(manifest('a'), new Date(0))).toString();
    const forged = Buffer.from(`${signed.slice(0, -1)},"tag":"forged"}`);
    expect(manifestDigest(forged)).toBe(manifestDigest(Buffer.from(signed)));
    expect(parseSchema1(forged).tag).toBe('');
  });

  test.each([
    ['a', [0]],
    ['b<a a', [1, 0]],
    ['c<b b<a a', [2, 1, 0]],
    ['b<a b<a a', [2, 1]], // of a repeated step the older one stays
    ['a a', [1]],
  ])('the chain %s', (steps, order) => {
    expect(parseSchema1(manifest(steps)).layers.map(({ digest }) => digest)).toEqual(
      order.map((index) => digestOf(Buffer.from(`${index}`))),
    );
  });

  test.each([['b<c a'], ['b a'], ['a<b'], ['a<b b<a a'], ['c<b b<c'], ['x'], ['b<a A']])(
    'refuses the chain %s',
    (steps) => {
      expect(() => parseSchema1(manifest(steps))).toThrow(INVALID);
    },
  );

  test.each<[object]>([
    [{ schemaVersion: 2 }],
    [{ fsLayers: [] }],
    [{ history: [] }],
    [{ fsLayers: [], history: [] }],
    [{ fsLayers: [{ blobSum: 'x' }] }],
    [{ history: [{ v1Compatibility: {} }] }],
    [{ history: [{ v1Compatibility: 'x' }] }],
    [{ history: [{ v1Compatibility: '{}' }] }],
    [{ history: [{ v1Compatibility: `{"id":"${'a'.repeat(64)}","throwaway":1}` }] }],
    [{ name: 1 }],
    [{ layers: [] }],
    [{ FSLayers: [] }],
    [{ signatures: [] }],
    [{ signatures: {} }],
  ])('refuses %j', (change) => {
    expect(() => parseSchema1(manifest('a', change))).toThrow(INVALID);
  });
});

describe('encodeSchema1', () => {
  test('comes out as it was', () => {
    const payload = fixture('docker-v2s1-payload.json');
    expect(Buffer.from(encodeSchema1(parseSchema1(payload)))).toEqual(payload);
  });

  test('writes name, tag and the text of the steps', () => {
    const parsed: Schema1Manifest = {
      ...parseSchema1(manifest('a')),
      name: 'library/x',
      tag: '1',
      architecture: 's390x',
    };
    const [layer] = parsed.layers;
    expect(Buffer.from(encodeSchema1(parsed)).toString()).toBe(
      '{"name":"library/x","tag":"1","architecture":"s390x","fsLayers":[{"blobSum":' +
        `"${layer?.digest}"}],"history":[{"v1Compatibility":` +
        `${JSON.stringify(layer?.v1Compatibility)}}],"schemaVersion":1}`,
    );
  });
});

describe('renameSchema1', () => {
  const named = { ...parseSchema1(manifest('a')), name: 'library/x', tag: '1' };

  test.each([
    ['x:2', { name: 'library/x', tag: '2' }],
    ['quay.io/y/z:1', { name: 'y/z', tag: '1' }],
    [`x@${EMPTY_LAYER}`, { name: 'library/x', tag: '' }],
  ])('to %s', (name, expected) => {
    expect(renameSchema1(named, parseDockerReference(name))).toEqual({ ...named, ...expected });
  });

  test.each([['x:1'], ['quay.io/library/x:1']])('%s is its name already', (name) => {
    expect(renameSchema1(named, parseDockerReference(name))).toBe(named);
  });

  test('a destination without names changes nothing', () => {
    expect(renameSchema1(named, undefined)).toBe(named);
  });
});

test('replaceSchema1Blobs leaves empty layers and all texts alone', () => {
  const source = parseSchema1(fixture('docker-v2s1-payload.json'));
  const digests = ['x', 'y'].map((text) => digestOf(Buffer.from(text)));
  const replaced = replaceSchema1Blobs(source, digests);
  expect(replaced.layers.map(({ digest }) => digest)).toEqual([
    digests[0],
    EMPTY_LAYER,
    digests[1],
  ]);
  const texts = ({ layers }: Schema1Manifest): string[] =>
    layers.map((each) => each.v1Compatibility);
  expect(texts(replaced)).toEqual(texts(source));
});
