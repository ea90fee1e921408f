/** References to registries; `test/image/docker-reference.test.ts` has the grammar of names. */
import { describe, expect, test } from 'vitest';
import { parseRegistryReference } from '../../../src/transports/registry/reference.ts';

const DIGEST = `sha256:${'0'.repeat(64)}`;

describe('parseRegistryReference', () => {
  test.each([
    ['//busybox', 'docker://docker.io/library/busybox:latest'],
    ['//busybox:1', 'docker://docker.io/library/busybox:1'],
    ['//a/b', 'docker://docker.io/a/b:latest'],
    ['//example.com/a', 'docker://example.com/a:latest'],
    ['//localhost:5000/a:b', 'docker://localhost:5000/a:b'],
    ['//localhost/a', 'docker://localhost/a:latest'],
    [`//example.com/a@${DIGEST}`, `docker://example.com/a@${DIGEST}`],
  ])('docker:%s is %s', (text, full) => {
    const reference = parseRegistryReference(text);
    expect(reference.transport).toBe('docker');
    expect(reference.toString()).toBe(full);
    expect(parseRegistryReference(full.slice('docker:'.length)).toString()).toBe(full);
  });

  test('knows the name in its parts', () => {
    expect(parseRegistryReference('//example.com/a/b:c').dockerReference).toEqual({
      domain: 'example.com',
      path: 'a/b',
      tag: 'c',
    });
  });

  test.each([
    [''],
    ['//'],
    ['busybox'],
    ['/busybox'],
    ['example.com/a'],
    ['//UPPER'],
    ['//a b'],
    ['//a:'],
    ['//a:b:c'],
    ['///a'],
    ['//https://example.com/a'],
    ['//a@sha256:00'],
    [`//a:b@${DIGEST}`],
    [`//${'0'.repeat(64)}`],
  ])('refuses docker:%s', (text) => {
    expect(() => parseRegistryReference(text)).toThrow(
      expect.objectContaining({ code: 'REFERENCE_INVALID' }),
    );
  });
});
