import { describe, expect, test } from 'vitest';
import { parseDockerDaemonReference } from '../../../src/transports/docker-daemon/reference.ts';
import { thrownBy } from '../../support/thrown.ts';
import { makeContext } from '../../support/transport-context.ts';

const HEX = '0123456789abcdef'.repeat(4);

describe('parseDockerDaemonReference', () => {
  test.each([
    ['x:1', 'x:1'],
    ['docker.io/library/x:1', 'x:1'],
    ['example.com:5000/a/b:c', 'example.com:5000/a/b:c'],
    [`x@sha256:${HEX}`, `x@sha256:${HEX}`],
    [`sha256:${HEX}`, `sha256:${HEX}`],
  ])('docker-daemon:%s is %s', (text, image) => {
    const reference = parseDockerDaemonReference(text);
    expect(reference.transport).toBe('docker-daemon');
    expect(reference.toString()).toBe(`docker-daemon:${image}`);
  });

  test.each([
    ['', 'invalid reference format'],
    ['x', 'docker-daemon: reference x has neither a tag nor a digest'],
    ['a/x', 'docker-daemon: reference a/x has neither a tag nor a digest'],
    ['X:1', 'repository name must be lowercase'],
    [`x:1@sha256:${HEX}`, 'references with both a tag and digest'],
    [`sha512:${HEX}${HEX}`, 'only digest algorithm sha256 accepted'],
    ['sha256:0123', 'The sha256 repository name is reserved'],
    [`sha256:${HEX}0`, 'invalid digest'],
    [HEX, 'cannot specify 64-byte hexadecimal strings'],
  ])('refuses %j', (text, problem) => {
    expect(() => parseDockerDaemonReference(text)).toThrow(
      expect.objectContaining({
        code: 'REFERENCE_INVALID',
        message: expect.stringContaining(problem) as string,
      }),
    );
  });

  test.each([[`sha256:${HEX}`], [`x@sha256:${HEX}`]])('has no destination %s', async (text) => {
    const opening = parseDockerDaemonReference(text).openDestination(makeContext());
    expect(await thrownBy(opening)).toMatchObject({
      code: 'REFERENCE_INVALID',
      origin: 'usage',
      message: `Invalid destination docker-daemon:${text}: a destination must be a name:tag`,
    });
  });
});
