/** Docker references: every row of the grammar, and that what is printed reads back the same. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OcipushError } from '../../src/errors.ts';
import {
  familiarReference,
  formatReference,
  parseDockerReference,
  repositoryOf,
  withDefaultTag,
} from '../../src/image/docker-reference.ts';
import { parseDigest } from '../../src/image/digest.ts';

const HEX = 'a'.repeat(64);
const DIGEST = `sha256:${HEX}`;

describe('parseDockerReference', () => {
  test.each([
    ['x', 'docker.io/library/x'],
    ['x:1', 'docker.io/library/x:1'],
    [`x@${DIGEST}`, `docker.io/library/x@${DIGEST}`],
    [`x:1@${DIGEST}`, `docker.io/library/x:1@${DIGEST}`],
    [`x@sha512:${HEX}${HEX}`, `docker.io/library/x@sha512:${HEX}${HEX}`],
    ['a/b', 'docker.io/a/b'],
    ['a/b/c:T_.-', 'docker.io/a/b/c:T_.-'],
    ['docker.io/x', 'docker.io/library/x'],
    ['docker.io/a/x', 'docker.io/a/x'],
    ['index.docker.io/x', 'docker.io/library/x'],
    ['registry-1.docker.io/x', 'registry-1.docker.io/x'],
    ['localhost/x', 'localhost/x'],
    ['localhost:5000/x:1', 'localhost:5000/x:1'],
    ['127.0.0.1:5000/x', '127.0.0.1:5000/x'],
    ['Host.Example:5000/x', 'Host.Example:5000/x'],
    ['x:5000', 'docker.io/library/x:5000'], // a tag, for want of a slash
    ['a---b/c__d/e.f/g_h', 'docker.io/a---b/c__d/e.f/g_h'],
    [HEX.slice(1), `docker.io/library/${HEX.slice(1)}`],
    [`a/${HEX}`, `docker.io/a/${HEX}`],
    [`e.org/${'a'.repeat(249)}`, `e.org/${'a'.repeat(249)}`],
    [`x:${'t'.repeat(128)}`, `docker.io/library/x:${'t'.repeat(128)}`],
  ])('%s', (text, full) => {
    expect(formatReference(parseDockerReference(text))).toBe(full);
  });

  test.each([
    [''],
    ['x:'],
    ['x@'],
    [':1'],
    ['a//b'],
    ['/a'],
    ['a/'],
    ['a..b'],
    ['a___b'],
    ['-a'],
    ['a-'],
    ['localhost/-x'],
    ['localhost:port/x'],
    ['[::1]:5000/x'],
    ['foo_bar.com:80/x'],
    ['foo_bar.com/x'],
    ['-a.org/x'],
    ['http://x'],
    ['a@sha256:12'],
    ['a/b:t:t'],
    [`x:${'t'.repeat(129)}`],
    ['x:-t'],
    ['x\n'],
    ['UPPER/x'],
    ['a/B'],
    [HEX],
    [`x@md5:${'a'.repeat(32)}`],
    [`x@sha256:${'A'.repeat(64)}`],
    [`x@sha256:${'a'.repeat(63)}`],
    [`e.org/${'a'.repeat(250)}`],
  ])('refuses %j', (text) => {
    expect(() => parseDockerReference(text)).toThrow(
      expect.objectContaining({ code: 'REFERENCE_INVALID' }),
    );
  });

  test.each([
    ['Foo/Bar:Tag', 'write foo/bar:Tag'],
    ['e.org/B@sha256:12', 'write e.org/b@sha256:12'],
    ['https://e.org/x', 'leave out the scheme: REGISTRY/REPOSITORY:TAG'],
    ['a..b', undefined],
  ])('tells what to do about %s', (text, hint) => {
    expect(() => parseDockerReference(text)).toThrow(expect.objectContaining({ hint }));
  });

  test.each([['a'], ['a-'], ['a.'], ['a/']])('a long row of %s does not stall it', (part) => {
    const long = part.repeat(50_000);
    expect(() => parseDockerReference(`${long}!`)).toThrow(OcipushError);
    expect(() => parseDockerReference(`${long}.b:5000/!`)).toThrow(OcipushError);
  });
});

describe('withDefaultTag', () => {
  test.each([
    ['x', 'docker.io/library/x:latest'],
    ['x:1', 'docker.io/library/x:1'],
    [`x@${DIGEST}`, `docker.io/library/x@${DIGEST}`],
  ])('%s', (text, full) => {
    expect(formatReference(withDefaultTag(parseDockerReference(text)))).toBe(full);
  });
});

describe('familiarReference', () => {
  test.each([
    ['docker.io/library/x:1', 'x:1'],
    [`docker.io/a/x@${DIGEST}`, `a/x@${DIGEST}`],
    ['docker.io/library/a/x', 'library/a/x'],
    ['e.org/library/x', 'e.org/library/x'],
    ['docker.io/e.org/x', 'docker.io/e.org/x'], // shorter would be another host
    ['docker.io/localhost/x', 'docker.io/localhost/x'],
    ['docker.io/index.docker.io/x', 'docker.io/index.docker.io/x'],
  ])('%s', (text, familiar) => {
    expect(familiarReference(parseDockerReference(text))).toBe(familiar);
  });
});

test('repositoryOf', () => {
  expect(repositoryOf(parseDockerReference(`x:1@${DIGEST}`))).toBe('docker.io/library/x');
});

describe('printed forms', () => {
  const component = fc.stringMatching(/^[a-z0-9]{1,4}([._]|__|-{1,3})?[a-z0-9]{1,4}$/);
  const domain = fc.constantFrom('docker.io', 'localhost', 'e.org', '10.0.0.1:80', 'X.Y:1');
  const reference = fc
    .tuple(
      domain,
      fc.array(component, { minLength: 2, maxLength: 4 }),
      fc.record(
        {
          tag: fc.stringMatching(/^\w[\w.-]{0,9}$/),
          digest: fc.constant(parseDigest(DIGEST)),
        },
        { requiredKeys: [] },
      ),
    )
    .map(([host, components, rest]) => ({ domain: host, path: components.join('/'), ...rest }));

  test.each([[formatReference], [familiarReference]])('%o reads back the same', (format) => {
    fc.assert(
      fc.property(reference, (value) => {
        expect(parseDockerReference(format(value))).toEqual(value);
      }),
    );
  });

  test('any text parses or is refused', () => {
    function outcome(text: string): unknown {
      try {
        return formatReference(parseDockerReference(text));
      } catch (error) {
        return error instanceof OcipushError ? error.code : error;
      }
    }
    const parts = fc.constantFrom('a', 'B', '/', ':', '@', '.', '-', '_', 'sha256', HEX, 'é');
    const joined = fc.array(parts).map((all) => all.join(''));
    fc.assert(
      fc.property(fc.oneof(fc.string(), joined), (text) => {
        expect(outcome(text)).toMatch(/^(?:[^/]+\/.+|REFERENCE_INVALID)$/);
      }),
    );
  });
});
