import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { passphraseInFile } from '../../src/signing/passphrase.ts';
import { temporaryDirectory } from '../support/scratch.ts';
import { thrownBy } from '../support/thrown.ts';

const { signal } = new AbortController();

describe('the passphrase in a file', () => {
  test.each([
    ['secret', 'secret'],
    ['secret\n', 'secret'],
    ['first\nsecond\n', 'first'],
    [' blanks \r\n', ' blanks \r'],
    ['', ''],
    ['\nsecond', ''],
    ['pässword\n', 'pässword'],
  ])('%j', async (content, passphrase) => {
    const file = join(await temporaryDirectory(), 'passphrase');
    await writeFile(file, content);
    const ask = passphraseInFile(file);
    expect(String(await ask(signal))).toBe(passphrase);
    await rm(file); // a pipe gives what it has once
    expect(String(await ask(signal))).toBe(passphrase);
  });

  test('is not looked for before it is needed', async () => {
    const ask = passphraseInFile('/nonexistent/passphrase');
    expect(await thrownBy(ask(signal))).toMatchObject({
      code: 'FILE_NOT_FOUND',
      origin: 'config',
      message: expect.stringContaining('open /nonexistent/passphrase: no such file') as string,
    });
  });

  test('is not that of a directory, nor endless', async () => {
    const directory = await temporaryDirectory();
    await mkdir(join(directory, 'd'));
    const ask = passphraseInFile(join(directory, 'd'));
    expect((await thrownBy(ask(signal))).code).toBe('FILE_UNREADABLE');
    expect((await thrownBy(passphraseInFile('/dev/zero')(signal))).code).toBe('LIMIT_EXCEEDED');
  });
});
