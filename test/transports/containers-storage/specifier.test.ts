import { describe, expect, test } from 'vitest';
import { splitSpecifier } from '../../../src/transports/containers-storage/specifier.ts';

describe('splitSpecifier', () => {
  test.each([
    ['busybox', undefined, 'busybox'],
    ['[overlay@/g+/r]x', { driver: 'overlay', graphRoot: '/g' }, 'x'],
    ['[overlay2@/g]x', { driver: 'overlay', graphRoot: '/g' }, 'x'],
    ['[vfs@/g+/r:a=b,vfs.imagestore=/i]x', { driver: 'vfs', graphRoot: '/g' }, 'x', ['/i']],
    ['[/g]@abc', { driver: undefined, graphRoot: '/g' }, '@abc'],
    ['[overlay@+/r]x', { driver: 'overlay' }, 'x'],
    [
      '[/g:overlay.additionalimagestore=/i,.imagestore=/j]x',
      { graphRoot: '/g' },
      'x',
      ['/i', '/j'],
    ],
  ])('%s', (text, specifier, rest, additionalImageStores: string[] = []) => {
    expect(splitSpecifier(text)).toEqual({
      specifier: specifier && { ...specifier, additionalImageStores },
      rest,
    });
  });

  test.each(['[overlay@/g', '[]x', '[@/g]x', '[overlay@]x', '[g]x', '[overlay@g]x', '[/g+r]x'])(
    'refuses %s',
    (text) => {
      expect(() => splitSpecifier(text)).toThrow(
        expect.objectContaining({ code: 'REFERENCE_INVALID' }),
      );
    },
  );
});
