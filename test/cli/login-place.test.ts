import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { openLoginPlace, parseCredentialKey } from '../../src/cli/login-place.ts';

describe('parseCredentialKey', () => {
  const conf = {
    unqualifiedSearchRegistries: ['first.io', 'second.io'],
    aliases: new Map<string, string>(),
  };

  test.each([
    ['quay.io', 'quay.io', 'quay.io'],
    ['localhost', 'localhost', 'localhost'],
    ['127.0.0.1:5000', '127.0.0.1:5000', '127.0.0.1:5000'],
    ['docker.io', 'docker.io', 'docker.io'],
    ['quay.io/ns', 'quay.io/ns', 'quay.io'],
    ['quay.io:5000/ns/repo', 'quay.io:5000/ns/repo', 'quay.io:5000'],
    ['https://quay.io', 'quay.io', 'quay.io'],
    ['https://quay.io:5000/v2/', 'quay.io:5000', 'quay.io:5000'],
    ['http://quay.io/ns', 'quay.io', 'quay.io'],
    [undefined, 'first.io', 'first.io'],
  ])('%s', (argument, key, registry) => {
    expect(parseCredentialKey(argument, conf)).toEqual({ key, registry });
  });

  test.each([
    ['', 'USAGE', '"" is no name of a registry'],
    ['quay.io/', 'REFERENCE_INVALID', 'invalid reference format'],
    ['https://', 'USAGE', '"" is no name of a registry'],
    ['a b', 'USAGE', '"a b" is no name of a registry'],
    ['user@quay.io', 'USAGE', `get credentials: key user@quay.io contains a '@' character`],
    ['quay.io/ns:tag', 'USAGE', 'reference "quay.io/ns:tag" contains tag or digest'],
    ['foo/bar', 'USAGE', '"foo/bar" names no registry'],
    ['quay.io/Ns', 'REFERENCE_INVALID', /must be lowercase/],
  ])('%j is refused', (argument, code, message) => {
    expect(() => parseCredentialKey(argument, conf)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) as string }),
    );
  });

  test('needs an argument where registries.conf names no registry', () => {
    expect(() =>
      parseCredentialKey(undefined, { ...conf, unqualifiedSearchRegistries: [] }),
    ).toThrow('no registries found in registries.conf, a registry must be provided');
  });
});

test('openLoginPlace wants one file at most', async () => {
  const host = {
    environment: { HOME: '/nowhere' },
    stdin: () => new PassThrough(),
    stdinIsTerminal: false,
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    signal: new AbortController().signal,
  };
  await expect(
    openLoginPlace({ authfile: '/a', compatAuthFile: '/b' }, host),
  ).rejects.toMatchObject({
    code: 'USAGE',
    message:
      'options for paths to the credential file and to the Docker-compatible credential file can not be set simultaneously',
  });
});
