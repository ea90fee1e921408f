import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cleanMemberName } from '../../src/io/tar-header.ts';

describe('cleanMemberName', () => {
  test.each([
    ['a', 'a'],
    ['a/b', 'a/b'],
    ['./a/b', 'a/b'],
    ['a/', 'a'],
    ['a//b/./c', 'a/b/c'],
    ['/a', 'a'],
    ['//a', 'a'],
    ['../../a', 'a'],
    ['a/../b', 'b'],
    ['a/../../b', 'b'],
    ['/..', ''],
    ['', ''],
    ['./', ''],
    ['..a/b..', '..a/b..'],
    ['a\\..\\b', 'a\\..\\b'],
    ['__proto__', '__proto__'],
  ])('%j: %j', (name, clean) => {
    expect(cleanMemberName(name)).toBe(clean);
  });

  test('never leads out, and is clean', () => {
    const part = fc.constantFrom('a', '.', '..', '', 'b.', '...');
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const clean = cleanMemberName(parts.join('/'));
        expect(clean.split('/')).not.toContain('..');
        expect(clean).not.toMatch(/^\/|\/$|\/\//);
        expect(cleanMemberName(clean)).toBe(clean);
      }),
    );
  });
});
