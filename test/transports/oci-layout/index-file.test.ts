import { describe, expect, test } from 'vitest';
import type { Descriptor } from '../../../src/image/descriptor.ts';
import { digestOf } from '../../../src/image/digest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../../src/image/media-types.ts';
import {
  addEntry,
  EMPTY_INDEX,
  encodeIndex,
  parseIndex,
} from '../../../src/transports/oci-layout/index-file.ts';

const NAME = 'org.opencontainers.image.ref.name';

/** `x:a` is the manifest x under the name a, `x` the same without a name. */
function entry(text: string): Descriptor {
  const [content = '', name] = text.split(':');
  const plain = { mediaType: OCI_MANIFEST, digest: digestOf(Buffer.from(content)), size: 1 };
  return name === undefined ? plain : { ...plain, annotations: { [NAME]: name } };
}

function encoded(entries: readonly string[]): string {
  const index = { instances: entries.map(entry) };
  return Buffer.from(encodeIndex(index)).toString();
}

describe('addEntry', () => {
  test.each([
    [[], 'x:a', ['x:a']],
    [[], 'x', ['x']],
    [['x:a'], 'x:a', ['x:a']],
    [['x:a'], 'y:a', ['x', 'y:a']],
    [['x:a'], 'x:b', ['x:a', 'x:b']],
    [['x:a'], 'x', ['x:a', 'x']],
    [['x'], 'x', ['x']],
    [['x'], 'x:a', ['x:a']],
    [['x', 'y:a'], 'x:a', ['x:a', 'y']],
    [['x:a', 'y:a'], 'z:a', ['x', 'y:a', 'z:a']],
    [['x', 'y'], 'z', ['x', 'y', 'z']],
    [['x', 'y', 'x'], 'x:a', ['x:a', 'y', 'x']],
  ])('%j and %s: %j', (before, added, after) => {
    const index = addEntry({ instances: before.map(entry) }, entry(added));
    expect(Buffer.from(encodeIndex(index)).toString()).toBe(encoded(after));
  });

  test('leaves other annotations, and what else an old entry has', () => {
    const annotations = { other: '1', [NAME]: 'a' };
    const old = { ...entry('x'), annotations, platform: { os: 'linux', architecture: 'arm64' } };
    const { instances } = addEntry({ instances: [old] }, entry('y:a'));
    expect(instances[0]).toEqual({ ...old, annotations: { other: '1' } });
  });
});

describe('encodeIndex', () => {
  test('gives the bytes of the reference', () => {
    const { digest } = entry('x');
    expect(encoded(['x:a'])).toBe(
      `{"schemaVersion":2,"manifests":[{"mediaType":"${OCI_MANIFEST}","digest":"${digest}","size":1,"annotations":{"${NAME}":"a"}}]}`,
    );
    expect(Buffer.from(encodeIndex(EMPTY_INDEX)).toString()).toBe(
      '{"schemaVersion":2,"manifests":[]}',
    );
  });

  test.each([
    ['{"schemaVersion":2,"manifests":[]}'],
    [`{"schemaVersion":2,"mediaType":"${OCI_INDEX}","manifests":[]}`],
    ['{"schemaVersion":2,"manifests":[],"annotations":{"a":"b"}}'],
    [`{"schemaVersion":2,"artifactType":"a/b","manifests":[]}`],
  ])('gives back what was parsed: %s', (text) => {
    expect(Buffer.from(encodeIndex(parseIndex(Buffer.from(text)))).toString()).toBe(text);
  });
});

describe('parseIndex', () => {
  test.each([['{}'], ['[]'], ['{"schemaVersion":2,"manifests":[{"digest":"sha256:../x"}]}']])(
    'refuses %s',
    (text) => {
      expect(() => parseIndex(Buffer.from(text))).toThrow(
        expect.objectContaining({ code: 'MANIFEST_INVALID' }),
      );
    },
  );
});
