import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/image/digest.ts';
import {
  layerMembers,
  parseContents,
  selectItem,
  type ArchiveItem,
  type ItemSelector,
} from '../../../src/transports/docker-archive/contents.ts';

const [A, B] = [digestOf(Buffer.from('a')), digestOf(Buffer.from('b'))] as const;

function item(
  config: string,
  tags: readonly string[],
  layers: readonly string[] = [],
): ArchiveItem {
  return { config, layers, tags };
}

describe('parseContents', () => {
  test.each([
    ['[]', []],
    ['[{"Config":"c"}]', [item('c', [])]],
    ['[{"Config":"c","RepoTags":null,"Layers":null}]', [item('c', [])]],
    [
      '[{"Config":"c","RepoTags":["a:b"],"Layers":["l"],"Parent":"p","LayerSources":{}}]',
      [item('c', ['a:b'], ['l'])],
    ],
  ])('%s', (text, items) => {
    expect(parseContents(Buffer.from(text))).toEqual(items);
  });

  test.each([
    [''],
    ['x'],
    ['{}'],
    ['null'],
    ['[null]'],
    ['[[]]'],
    ['["c"]'],
    ['[{}]'],
    ['[{"Config":1}]'],
    ['[{"Config":"c","Layers":"l"}]'],
    ['[{"Config":"c","Layers":[1]}]'],
    ['[{"Config":"c","RepoTags":{}}]'],
    ['[{"Config":"c"},{}]'],
  ])('refuses %j', (text) => {
    expect(() => parseContents(Buffer.from(text))).toThrow(
      expect.objectContaining({
        code: 'ARCHIVE_INVALID',
        origin: 'source',
        hint: expect.any(String),
      }),
    );
  });
});

describe('selectItem', () => {
  const items = [
    item('0', ['<none>:<none>', 'busybox:1']),
    item('1', []),
    item('2', ['example.com/a:b', 'docker.io/library/busybox:latest']),
    item('3', ['busybox:1']),
  ];
  const byName = (name: string): ItemSelector => ({ by: 'name', name });

  test.each<[ItemSelector, string]>([
    [byName('docker.io/library/busybox:1'), '0'], // the first
    [byName('docker.io/library/busybox:latest'), '2'],
    [byName('example.com/a:b'), '2'],
    [{ by: 'index', index: 0 }, '0'],
    [{ by: 'index', index: 1 }, '1'],
    [{ by: 'index', index: 3 }, '3'],
  ])('%j', (selector, config) => {
    expect(selectItem(items, selector).config).toBe(config);
  });

  test('the only one', () => {
    expect(selectItem(items.slice(0, 1), { by: 'only' }).config).toBe('0');
  });

  test.each<[readonly ArchiveItem[], ItemSelector, RegExp]>([
    [items, { by: 'only' }, /busybox:1; @1; example.com\/a:b/],
    [items, byName('docker.io/library/busybox:2'), /busybox:1/],
    [items, byName('<none>:<none>'), /busybox:1/],
    [items, { by: 'index', index: 4 }, /@1/],
    [[], { by: 'only' }, /empty/],
    [[], { by: 'index', index: 0 }, /empty/],
  ])('of %j refuses %j', (choice, selector, hint) => {
    expect(() => selectItem(choice, selector)).toThrow(
      expect.objectContaining({
        code: 'SOURCE_NOT_FOUND',
        origin: 'source',
        hint: expect.stringMatching(hint),
      }),
    );
  });
});

describe('layerMembers', () => {
  test.each([
    [[], [], []],
    [
      ['a', 'b'],
      [A, B],
      [
        [A, 'a'],
        [B, 'b'],
      ],
    ],
    [['a', 'a'], [A, A], [[A, 'a']]], // one layer twice
    [['a', 'copy'], [A, A], [[A, 'a']]], // from its first place
    [
      ['a', 'b', 'c'],
      [A, B, A],
      [
        [A, 'a'],
        [B, 'b'],
      ],
    ],
  ])('%j', (layers, diffIDs, members) => {
    expect([...layerMembers(item('c', [], layers), diffIDs)]).toEqual(members);
  });

  test.each([
    [['a'], []],
    [[], [A]],
    [['a'], [A, B]],
    [
      ['a', 'a'],
      [A, B],
    ], // one file cannot have two contents
  ])('refuses %j for %j', (layers, diffIDs) => {
    expect(() => layerMembers(item('c', [], layers), diffIDs)).toThrow(
      expect.objectContaining({ code: 'ARCHIVE_INVALID' }),
    );
  });
});
