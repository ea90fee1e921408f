import { describe, expect, test, vi } from 'vitest';
import type { Ask } from '../../src/cli/ask.ts';
import { completeCredentials } from '../../src/cli/creds.ts';

describe('completeCredentials', () => {
  /** Answers in turn, and notes the questions. */
  function answering(...answers: readonly (string | undefined)[]) {
    const left = [...answers];
    return vi.fn<Ask>(async () => left.shift());
  }

  test.each([
    ['u:p', [], [], 'u', 'p'],
    ['u:p:w', [], [], 'u', 'p:w'],
    ['u: p ', [], [], 'u', ' p '],
    ['u', [' s '], ['Password: '], 'u', ' s '],
    ['u:', ['s'], ['Password: '], 'u', 's'],
    ['u:', [''], ['Password: '], 'u', ''],
    [':p', [' me '], ['Username: '], 'me', 'p'],
    [':', ['me', 's'], ['Username: ', 'Password: '], 'me', 's'],
  ])('%j', async (creds, answers, questions, user, password) => {
    const ask = answering(...answers);
    expect(await completeCredentials(creds, ask)).toEqual({ kind: 'basic', user, password });
    expect(ask.mock.calls).toEqual(
      questions.map((question) => [question, question === 'Password: ' ? 'hidden' : 'shown']),
    );
  });

  test.each([
    [':p', undefined, 'could not read username: EOF'],
    ['u', undefined, 'could not read password from terminal: inappropriate ioctl for device'],
    [':p', answering(undefined), 'could not read username: EOF'],
    [':p', answering(' '), 'could not read username: unexpected newline'],
    ['u:', answering(undefined), 'could not read password from terminal: EOF'],
  ])('%j without an answer', async (creds, ask, message) => {
    await expect(completeCredentials(creds, ask)).rejects.toMatchObject({ code: 'USAGE', message });
  });
});
