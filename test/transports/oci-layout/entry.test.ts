import { describe, expect, test } from 'vitest';
import type { Descriptor } from '../../../src/image/descriptor.ts';
import { digestOf } from '../../../src/image/digest.ts';
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  DOCKER_V1,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../../src/image/media-types.ts';
import {
  REFERENCE_NAME_ANNOTATION,
  selectEntry,
  type ImageSelector,
} from '../../../src/transports/oci-layout/entry.ts';

/** An entry that its size tells from the others. */
function entry(size: number, mediaType: string, name?: string): Descriptor {
  const digest = digestOf(Buffer.alloc(0));
  const annotations = name === undefined ? {} : { [REFERENCE_NAME_ANNOTATION]: name };
  return { mediaType, digest, size, annotations };
}

const ENTRIES = [
  entry(0, OCI_MANIFEST),
  entry(1, DOCKER_V1, 'docker'),
  entry(2, DOCKER_MANIFEST, 'docker'),
  entry(3, DOCKER_LIST, 'list'),
  entry(4, OCI_INDEX, 'index'),
  entry(5, OCI_MANIFEST, 'index'),
  entry(6, 'text/plain', 'text'),
  { ...entry(7, OCI_MANIFEST), annotations: {} },
];

const only = { by: 'only' } as const;
const byName = (name: string): ImageSelector => ({ by: 'name', name });
const byIndex = (index: number): ImageSelector => ({ by: 'index', index });

describe('selectEntry', () => {
  test.each<[ImageSelector, number]>([
    [byName('docker'), 2], // the first was of no type that can be copied
    [byName('list'), 3],
    [byName('index'), 4],
    [byIndex(0), 0],
    [byIndex(1), 1],
    [byIndex(6), 6], // of any type
    [byIndex(7), 7],
  ])('%j', (selector, size) => {
    expect(selectEntry(ENTRIES, selector).size).toBe(size);
  });

  test('the only one', () => {
    for (const one of ENTRIES) expect(selectEntry([one], only)).toBe(one);
  });

  test.each<[readonly Descriptor[], ImageSelector, RegExp]>([
    [[], only, /empty/],
    [ENTRIES, only, /: docker, list, index, text$/],
    [ENTRIES, byName('nope'), /: docker, list, index, text$/],
    [ENTRIES.slice(0, 1), byName('nope'), /@0/],
    [ENTRIES, byName('text'), /./],
    [[], byName('nope'), /empty/],
    [ENTRIES, byIndex(8), /@0/],
    [[], byIndex(0), /empty/],
  ])('of %j refuses %j', (entries, selector, hint) => {
    expect(() => selectEntry(entries, selector)).toThrow(
      expect.objectContaining({
        code: 'SOURCE_NOT_FOUND',
        origin: 'source',
        hint: expect.stringMatching(hint),
      }),
    );
  });
});
