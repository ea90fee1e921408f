import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { Host } from '../../src/cli/host.ts';
import { completeLogin, givenPassword } from '../../src/cli/login-credentials.ts';

/** A process that is given this on its standard input, which is no terminal. */
function hostWith(input: string) {
  const stderr = new PassThrough({ encoding: 'utf8' });
  const host: Host = {
    environment: {},
    stdin: () => PassThrough.from([Buffer.from(input)]),
    stdinIsTerminal: false,
    stdout: new PassThrough(),
    stderr,
    signal: new AbortController().signal,
  };
  return { host, asked: () => (stderr.read() ?? '') as string };
}

describe('givenPassword', () => {
  test.each([
    [{}, '', undefined],
    [{ password: '' }, '', undefined],
    [{ password: ' p:w ' }, '', ' p:w '],
    [{ passwordStdin: true, username: 'u' }, 'p:w', 'p:w'],
    [{ passwordStdin: true, username: 'u' }, 'p:w\n', 'p:w'],
    [{ passwordStdin: true, username: 'u' }, 'p:w\r\n', 'p:w'],
    [{ passwordStdin: true, username: 'u' }, ' p\n\n', ' p\n'],
    [{ passwordStdin: true, username: 'u' }, '{\n"key": "é"\n}\n', '{\n"key": "é"\n}'],
  ])('%j with %j: %j', async (flags, input, password) => {
    expect(await givenPassword(flags, hostWith(input).host)).toBe(password);
  });

  test.each([
    [{ passwordStdin: true }, 'must provide --username with --password-stdin'],
    [
      { passwordStdin: true, username: 'u', password: 'p' },
      `can't specify both --password-stdin and --password`,
    ],
    [{ passwordStdin: true, username: 'u' }, 'the password on standard input is empty'],
    [{ secret: 's' }, '--secret is not supported: podman alone can read its secrets'],
  ])('%j is refused', async (flags, message) => {
    await expect(givenPassword(flags, hostWith('\n').host)).rejects.toMatchObject({
      code: 'USAGE',
      message,
      hint: expect.any(String),
    });
  });

  test('reads no more than a password can have', async () => {
    const { host } = hostWith('x'.repeat(2 ** 20 + 1));
    await expect(givenPassword({ passwordStdin: true, username: 'u' }, host)).rejects.toMatchObject(
      { code: 'LIMIT_EXCEEDED' },
    );
  });
});

describe('completeLogin where nobody can be asked', () => {
  test.each([
    [' u ', undefined, '', '', 'u'],
    [undefined, undefined, 'piped\n', 'Username: ', 'piped'],
    [undefined, 'known', 'piped', 'Username (known): ', 'piped'],
    [undefined, 'known', '\n', 'Username (known): ', 'known'],
    [undefined, 'k\u001B[31m', '\n', 'Username (k\\x1b[31m): ', 'k\u001B[31m'],
  ])('user %j, known %j, input %j', async (username, known, input, question, user) => {
    const { host, asked } = hostWith(input);
    expect(await completeLogin(username, 'p', known, host)).toEqual({
      kind: 'basic',
      user,
      password: 'p',
    });
    expect(asked()).toBe(question);
  });

  test.each([
    [undefined, 'p', '', 'getting username and password: reading username: EOF'],
    [undefined, 'p', ' \n', 'getting username and password: reading username: it is empty'],
    [
      'u',
      undefined,
      'p\n',
      'getting username and password: reading password: inappropriate ioctl for device',
    ],
    ['u:v', 'p', '', 'a user name cannot have a colon in it'],
  ])('user %j, password %j, input %j', async (username, password, input, message) => {
    await expect(
      completeLogin(username, password, undefined, hostWith(input).host),
    ).rejects.toMatchObject({ code: 'USAGE', message });
  });
});
