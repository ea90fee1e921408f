/** Manifest JSON that two readers could read in two ways is refused. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  parseManifestJson,
  readVersion2,
  rejectAmbiguous,
  requireSchemaVersion,
  type EssentialField,
} from '../../src/image/manifest-json.ts';
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../src/image/media-types.ts';

const INVALID = expect.objectContaining({ code: 'MANIFEST_INVALID' });

function parse(json: string): unknown {
  return parseManifestJson(Buffer.from(json), 'manifest').value;
}

describe('parseManifestJson', () => {
  test.each([
    ['{}'],
    ['{"a":{"b":1},"c":{"b":2},"b":3}'],
    [String.raw`{"a":["a","a",{"a":"\"a\":"}],"b":"\\"}`],
    [' { "a" : "x", "b" : "a" } \n'],
  ])('takes %s', (json) => {
    expect(parse(json)).toEqual(JSON.parse(json));
  });

  test.each([
    ['{"a":1,"a":1}'],
    ['{"a":1, "b":{"c":{}}, "a" : 1}'],
    [String.raw`{"a":1,"\u0061":1}`],
    ['{"x":[{"a":1},{"b":1,"b":2}]}'],
    ['{"__proto__":1,"__proto__":2}'],
    ['[]'],
    ['null'],
    ['"x"'],
    [''],
    ['{'],
    ['{}{}'],
    ['\ufeff{}'],
  ])('refuses %s', (json) => {
    expect(() => parse(json)).toThrow(INVALID);
  });

  test('refuses what is not UTF-8', () => {
    expect(() => parseManifestJson(Buffer.from('{"a":"\xff"}', 'latin1'), 'x')).toThrow(INVALID);
  });

  test('copes with as much as a manifest may hold', () => {
    const deep = `{"a":${'['.repeat(9999)}${']'.repeat(9999)}}`;
    const escaped = JSON.stringify({ a: '\\"'.repeat(1_000_000) });
    const plain = JSON.stringify({ a: 'x'.repeat(4_000_000) });
    for (const json of [deep, escaped, plain]) expect(() => parse(json)).not.toThrow();
  });

  test.each([
    ['deep', `{"a":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`],
    ['of countless values', `{"a":[${'{},'.repeat(1_000_000)}{}]}`],
  ])('refuses what is %s', (_, json) => {
    expect(() => parse(json)).toThrow(INVALID);
  });

  test('takes all JSON objects', () => {
    const names = fc.string().filter((name) => name !== '__proto__');
    fc.assert(
      fc.property(fc.dictionary(names, fc.jsonValue()), (value) => {
        expect(parse(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe('rejectAmbiguous', () => {
  function check(value: unknown, essential: readonly EssentialField[]): void {
    rejectAmbiguous({ value, document: 'manifest', path: '' }, OCI_MANIFEST, essential);
  }

  test.each<[object, EssentialField[]]>([
    [{}, []],
    [{ config: {}, layers: [], manifests: null, Other: 1 }, ['config', 'layers']],
    [{ fsLayers: [], history: [] }, ['fsLayers', 'history']],
    [{ sub: { manifests: [] } }, []],
  ])('takes %j', (value, essential) => {
    expect(() => check(value, essential)).not.toThrow();
  });

  test.each<[object, EssentialField[]]>([
    [{ config: {}, layers: [], manifests: [] }, ['config', 'layers']],
    [{ Manifests: [] }, ['config', 'layers']],
    [{ LAYERS: [] }, ['config', 'layers']],
    [{ 'manifest\u017f': [] }, ['config']],
    [{ manifests: false }, ['config']],
    [{ fsLayers: [], layers: [] }, ['fsLayers']],
  ])('refuses %j', (value, essential) => {
    expect(() => check(value, essential)).toThrow(INVALID);
  });

  test('lists the fields as the reference does', () => {
    expect(() => check({ manifests: [], FSLAYERS: [] }, [])).toThrow(
      'rejecting ambiguous manifest, unexpected fields []string{"fsLayers", "manifests"} ' +
        'in supposedly application/vnd.oci.image.manifest.v1+json',
    );
  });
});

describe('readVersion2', () => {
  function read(value: object, mediaType: string): unknown {
    return readVersion2(Buffer.from(JSON.stringify(value)), mediaType, ['layers'])('layers').value;
  }

  test.each([
    [{ schemaVersion: 2 }, OCI_MANIFEST],
    [{ schemaVersion: 2, mediaType: null }, OCI_INDEX],
    [{ schemaVersion: 2, mediaType: OCI_INDEX }, OCI_INDEX],
    [{ schemaVersion: 2, mediaType: DOCKER_MANIFEST }, DOCKER_MANIFEST],
  ])('takes %j as %s', (value, mediaType) => {
    expect(read({ ...value, layers: [1] }, mediaType)).toEqual([1]);
  });

  test.each([
    [{}, OCI_MANIFEST],
    [{ schemaVersion: 1 }, OCI_MANIFEST],
    [{ schemaVersion: '2' }, OCI_MANIFEST],
    [{ schemaVersion: 2, mediaType: OCI_INDEX }, OCI_MANIFEST],
    [{ schemaVersion: 2, mediaType: 2 }, OCI_MANIFEST],
    [{ schemaVersion: 2 }, DOCKER_MANIFEST],
    [{ schemaVersion: 2, mediaType: DOCKER_MANIFEST }, DOCKER_LIST],
    [{ schemaVersion: 2, config: {} }, OCI_MANIFEST],
  ])('refuses %j as %s', (value, mediaType) => {
    expect(() => read(value, mediaType)).toThrow(INVALID);
  });
});

describe('requireSchemaVersion', () => {
  test.each([
    ['nothing', undefined],
    ['a text', '2'],
    ['another number', 1],
    ['an object that has no text', { toString: 1, valueOf: 1 }],
    ['an array that is too deep for one', JSON.parse(`${'['.repeat(9999)}${']'.repeat(9999)}`)],
  ])('refuses %s', (_, schemaVersion: unknown) => {
    const root = { value: { schemaVersion }, document: 'manifest', path: '' };
    expect(() => requireSchemaVersion(root, 2)).toThrow(INVALID);
  });
});
