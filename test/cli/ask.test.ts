import { PassThrough } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import { askAtTerminal, type Ask } from '../../src/cli/ask.ts';
import { OcipushError } from '../../src/errors.ts';

describe('askAtTerminal', () => {
  function terminal() {
    const stderr = new PassThrough({ encoding: 'utf8' });
    const setRawMode = vi.fn<(raw: boolean) => void>((raw) => {
      stderr.write(raw ? '<hidden>' : '<shown>');
    });
    const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode });
    const interruption = new AbortController();
    const ask = askAtTerminal({
      environment: {},
      stdin: () => stdin,
      stdinIsTerminal: true,
      stdout: new PassThrough(),
      stderr,
      signal: interruption.signal,
    }) as Ask;
    return { ask, stdin, setRawMode, shown: () => stderr.read() as string, interruption };
  }

  const RESTORED = [[true], [false]];

  test('reads a hidden line, edited, and echoes nothing from before the question on', async () => {
    const { ask, stdin, shown } = terminal();
    const answer = ask('Password: ', 'hidden');
    stdin.write('secrex\u007Ft\r');
    expect(await answer).toBe('secret');
    expect(shown()).toBe('<hidden>Password: <shown>\n');
  });

  test('leaves the echo of a shown line to the terminal', async () => {
    const { ask, stdin, setRawMode, shown } = terminal();
    const answer = ask('Username: ', 'shown');
    stdin.write('me\n');
    expect(await answer).toBe('me');
    expect(shown()).toBe('Username: ');
    expect(setRawMode).not.toHaveBeenCalled();
  });

  test.each(['shown', 'hidden'] as const)('sees the end of the input, %s', async (echo) => {
    const { ask, stdin } = terminal();
    const answer = ask('? ', echo);
    stdin.end();
    expect(await answer).toBeUndefined();
  });

  test('breaks off at Control-C and restores the terminal', async () => {
    const { ask, stdin, setRawMode } = terminal();
    const answer = ask('Password: ', 'hidden');
    stdin.write('sec\u0003');
    await expect(answer).rejects.toMatchObject({ code: 'ABORTED' });
    expect(setRawMode.mock.calls).toEqual(RESTORED);
  });

  test('breaks off at a signal and restores the terminal', async () => {
    const { ask, setRawMode, interruption } = terminal();
    const answer = ask('Password: ', 'hidden');
    interruption.abort(new OcipushError('ABORTED', 'interrupted'));
    await expect(answer).rejects.toMatchObject({ code: 'ABORTED' });
    expect(setRawMode.mock.calls).toEqual(RESTORED);
    await expect(ask('Password: ', 'hidden')).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
