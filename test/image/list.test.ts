/** Lists of images: the reference's bytes come out again, also after an edit. */
import { describe, expect, test } from 'vitest';
import { digestOf } from '../../src/image/digest.ts';
import {
  encodeList,
  parseList,
  replaceInstances,
  ZSTD_INSTANCE_ANNOTATION,
  type ImageList,
} from '../../src/image/list.ts';
import { DOCKER_LIST, OCI_INDEX, OCI_MANIFEST } from '../../src/image/media-types.ts';
import { fixture } from './fixture.ts';

const INVALID = expect.objectContaining({ code: 'MANIFEST_INVALID' });
const OLD = { mediaType: OCI_MANIFEST, digest: digestOf(Buffer.from('old')), size: 3 };
const NEW = { mediaType: 'a/new', digest: digestOf(Buffer.from('newer')), size: 5 };
const KEPT = { ...OLD, digest: digestOf(Buffer.from('kept')) };

function parse(list: object, mediaType: string): ImageList {
  return parseList(
    Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...list })),
    mediaType,
  );
}

function encode(list: ImageList): string {
  return Buffer.from(encodeList(list)).toString();
}

describe('parse and encode', () => {
  test.each([
    ['index-rewritten.json', OCI_INDEX],
    ['docker-list.json', DOCKER_LIST],
  ])('%s comes out as it was', (name, mediaType) => {
    expect(encode(parseList(fixture(name), mediaType))).toBe(fixture(name).toString());
  });

  test('an edited index comes out as the reference writes it', () => {
    const source = parseList(fixture('index-source.json'), OCI_INDEX);
    const { instances } = parseList(fixture('index-rewritten.json'), OCI_INDEX);
    const updates = new Map(
      source.instances.flatMap(({ digest }, index) => {
        const update = instances[index];
        return update === undefined ? [] : [[digest, { ...update, annotations: {} }] as const];
      }),
    );
    expect(encode(replaceInstances(source, updates))).toBe(
      fixture('index-rewritten.json').toString(),
    );
  });

  test('an index keeps all that OCI knows, and gets its media type', () => {
    const members = { subject: KEPT, annotations: { k: 'v' } };
    const list = parse(
      { mediaType: null, artifactType: 'a/b', manifests: [OLD], ...members },
      OCI_INDEX,
    );
    expect(encode(list)).toBe(
      `{"schemaVersion":2,"mediaType":"${OCI_INDEX}","artifactType":"a/b","manifests":` +
        `[${JSON.stringify(OLD)}],"subject":${JSON.stringify(KEPT)},"annotations":{"k":"v"}}`,
    );
  });

  test('a Docker list has features and always a platform, but nothing of OCI', () => {
    const platform = { architecture: 'arm', os: 'linux', variant: 'v7', features: ['sse4'] };
    const list = parse(
      {
        manifests: [{ ...OLD, annotations: { a: 'b' }, platform }, OLD],
        annotations: { k: 'v' },
      },
      DOCKER_LIST,
    );
    const written = `{"mediaType":"${OCI_MANIFEST}","size":3,"digest":"${OLD.digest}","platform":`;
    expect(encode(list)).toBe(
      `{"schemaVersion":2,"mediaType":"${DOCKER_LIST}","manifests":[${written}{"architecture":` +
        `"arm","os":"linux","variant":"v7","features":["sse4"]}},${written}{"architecture":"",` +
        '"os":""}}]}',
    );
  });

  test('an index has no features', () => {
    const platform = { architecture: 'arm', os: 'linux', features: ['sse4'] };
    expect(encode(parse({ manifests: [{ ...OLD, platform }] }, OCI_INDEX))).not.toContain('sse4');
  });
});

describe('parseList refuses', () => {
  test.each<[object]>([
    [{}],
    [{ manifests: {} }],
    [{ manifests: [{}] }],
    [{ manifests: [{ ...OLD, digest: 'sha256:0' }] }],
    [{ manifests: [{ ...OLD, platform: 'linux/amd64' }] }],
    [{ manifests: [{ ...OLD, platform: { os: 1, architecture: 'arm' } }] }],
    [{ manifests: [], config: {} }],
    [{ manifests: [], layers: [] }],
    [{ Manifests: [] }],
  ])('%j', (list) => {
    expect(() => parse(list, OCI_INDEX)).toThrow(INVALID);
    expect(() => parse(list, DOCKER_LIST)).toThrow(INVALID);
  });

  test('the type of a manifest', () => {
    expect(() => parse({ manifests: [] }, OCI_MANIFEST)).toThrow(INVALID);
  });
});

describe('replaceInstances', () => {
  const platform = { architecture: 'arm64', os: 'linux' };
  const old = { ...OLD, platform, artifactType: 'a/b', annotations: { a: '1', b: '2' } };
  const pinned = { ...old, urls: ['https://e.org'], data: 'b2xk' };
  const list: ImageList = { mediaType: OCI_INDEX, instances: [pinned, KEPT, pinned] };

  test('replaces every one of that digest, and what leads to its bytes', () => {
    const replaced = replaceInstances(list, new Map([[OLD.digest, NEW]]));
    const updated = { ...old, ...NEW };
    expect(replaced).toStrictEqual({ ...list, instances: [updated, KEPT, updated] });
  });

  test('adds annotations', () => {
    const annotations = { [ZSTD_INSTANCE_ANNOTATION]: 'true', b: '3' };
    const replaced = replaceInstances(list, new Map([[OLD.digest, { ...NEW, annotations }]]));
    expect(replaced.instances[0]?.annotations).toEqual({ a: '1', ...annotations });
  });

  test('leaves the rest when the digest stays', () => {
    expect(replaceInstances(list, new Map([[OLD.digest, OLD]]))).toStrictEqual(list);
    expect(replaceInstances(list, new Map([[NEW.digest, OLD]]))).toStrictEqual(list);
  });
});
