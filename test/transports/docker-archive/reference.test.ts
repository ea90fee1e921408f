import { describe, expect, test } from 'vitest';
import { parseDockerArchiveReference } from '../../../src/transports/docker-archive/reference.ts';

describe('parseDockerArchiveReference', () => {
  test.each([['/a.tar'], ['a.tar:b'], ['a:example.com:5000/b/c:d'], ['a:@0'], ['a:']])(
    'docker-archive:%s gives itself back',
    (text) => {
      const reference = parseDockerArchiveReference(text);
      expect(reference.transport).toBe('docker-archive');
      expect(reference.toString()).toBe(`docker-archive:${text}`);
    },
  );

  test.each([
    [''],
    [':a'],
    ['a:B'],
    ['a:b c'],
    ['a:b:c:d'],
    ['a:@x'],
    ['a:@-1'],
    [`a:b@sha256:${'0'.repeat(64)}`],
    [`a:b:c@sha256:${'0'.repeat(64)}`],
  ])('refuses %j', (text) => {
    expect(() => parseDockerArchiveReference(text)).toThrow(
      expect.objectContaining({ code: 'REFERENCE_INVALID' }),
    );
  });
});
