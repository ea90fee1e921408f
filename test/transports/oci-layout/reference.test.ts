import { describe, expect, test } from 'vitest';
import {
  parseIndex,
  parseOciLayoutReference,
  splitLayoutReference,
} from '../../../src/transports/oci-layout/reference.ts';

const INVALID = expect.objectContaining({ code: 'REFERENCE_INVALID' });

describe('splitLayoutReference', () => {
  test.each([
    ['/a/b', '/a/b', { by: 'only' }],
    ['a:', 'a', { by: 'only' }],
    ['.', '.', { by: 'only' }],
    ['a b', 'a b', { by: 'only' }],
    ['@0', '@0', { by: 'only' }], // of a path
    ['a:v1', 'a', { by: 'name', name: 'v1' }],
    ['a:b:c', 'a', { by: 'name', name: 'b:c' }],
    ['a:localhost:5000/b/c:v1', 'a', { by: 'name', name: 'localhost:5000/b/c:v1' }],
    ['a:b@sha256:00', 'a', { by: 'name', name: 'b@sha256:00' }],
    ['a:sha256:00', 'a', { by: 'name', name: 'sha256:00' }],
    ['a:b@1', 'a', { by: 'name', name: 'b@1' }],
    ['a:A-B_c.d+e--f', 'a', { by: 'name', name: 'A-B_c.d+e--f' }],
    ['a:@0', 'a', { by: 'index', index: 0 }],
    ['a:@12', 'a', { by: 'index', index: 12 }],
    ['a:@007', 'a', { by: 'index', index: 7 }],
  ])('%s', (text, path, selector) => {
    expect(splitLayoutReference(text)).toEqual({ path, selector });
  });

  test.each([
    [''],
    [':'],
    [':v1'],
    ['a:a b'],
    ['a:-v1'],
    ['a:v1-'],
    ['a:v..1'],
    ['a:v---1'],
    ['a:v1/'],
    ['a:/v1'],
    ['a:v1//v2'],
    ['a:ü'],
    ['a:v1\n'],
    ['a:@'],
    ['a:@x'],
    ['a:@-5'],
    ['a:@1x'],
    ['a:@ 1'],
    ['a:@sha256:00'],
    ['a:@9999999999'],
  ])('refuses %j', (text) => {
    expect(() => splitLayoutReference(text)).toThrow(INVALID);
  });

  test('is not slow for what almost fits', () => {
    expect(() => splitLayoutReference(`a:${'a-'.repeat(100_000)}`)).toThrow(INVALID);
  });
});

test('parseIndex', () => {
  expect(parseIndex('@3')).toBe(3);
  expect(() => parseIndex('3')).toThrow(INVALID);
});

test.each([['/a'], ['a:v1'], ['a:@1'], ['a:']])('oci:%s gives itself back', (text) => {
  const reference = parseOciLayoutReference(text);
  expect(reference.transport).toBe('oci');
  expect(reference.toString()).toBe(`oci:${text}`);
});
